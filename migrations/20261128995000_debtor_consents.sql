-- migrate:up
-- The debtor agrees that a lot is sold although others were sold and cover its debt, outside a session (art. 14).
CREATE TABLE market.lot_consents (
  lot_id          uuid PRIMARY KEY REFERENCES market.lots,
  document_sha256 text NOT NULL CHECK (document_sha256 ~ '^[0-9a-f]{64}$'),
  recorded_by     uuid NOT NULL REFERENCES market.users,
  recorded_at     timestamptz NOT NULL
);
COMMENT ON TABLE market.lot_consents IS 'Debtors who agree that a lot is sold although their debt is covered.';
REVOKE UPDATE, DELETE ON market.lot_consents FROM luochui_app;
SELECT market.guard_rows('market.lot_consents',
  'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id AND l.venue_id = :me)',
  'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id AND l.consignor_id = :me)');

-- migrate:down
DROP TABLE market.lot_consents;
