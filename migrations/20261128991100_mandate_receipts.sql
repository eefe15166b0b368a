-- migrate:up
-- What an agency paid the bank of a period that it operated the rights (委托运营): each a recovery of the loan, once.
CREATE TABLE market.mandate_receipts (
  id          uuid PRIMARY KEY,
  report_id   uuid NOT NULL REFERENCES market.mandate_reports,
  mandate_id  uuid NOT NULL REFERENCES market.mandates,
  reference   text NOT NULL CHECK (reference <> ''),
  amount_fen  bigint NOT NULL CHECK (amount_fen BETWEEN 1 AND 10000000000000),
  received_on date NOT NULL,
  recorded_by uuid NOT NULL REFERENCES market.users,
  recorded_at timestamptz NOT NULL,
  shared_at   timestamptz,
  CONSTRAINT mandate_receipt_once UNIQUE (mandate_id, reference)
);
CREATE INDEX mandate_receipts_of_report ON market.mandate_receipts (report_id);
REVOKE DELETE ON market.mandate_receipts FROM luochui_app;
SELECT market.guard_rows('market.mandate_receipts',
  'EXISTS (SELECT FROM market.mandates m WHERE m.id = mandate_id AND m.organisation_id = :me)',
  'EXISTS (SELECT FROM market.mandates m WHERE m.id = mandate_id)');

-- migrate:down
DROP TABLE market.mandate_receipts;
