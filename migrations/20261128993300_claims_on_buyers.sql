-- migrate:up
-- What a defaulting buyer owes beyond its deposit, where law or contract let it be claimed: the uses that the deposit did not
-- cover, each with its payee. Paid under a reference of its own, in any pieces. Source: domain 6.5.
CREATE TABLE settlement.buyer_claims (
  lot_id uuid PRIMARY KEY REFERENCES settlement.sales,
  deposit_id uuid NOT NULL UNIQUE REFERENCES settlement.deposits,
  debtor_id uuid NOT NULL,
  holder_id uuid NOT NULL,  -- the venue into whose custody account it is paid
  content bytea NOT NULL,
  amount_fen bigint NOT NULL CHECK (amount_fen BETWEEN 1 AND 10000000000000),
  paid_fen bigint NOT NULL DEFAULT 0,
  claimed_at timestamptz NOT NULL,
  CONSTRAINT buyer_claims_not_overpaid CHECK (paid_fen BETWEEN 0 AND amount_fen)
);
CREATE TRIGGER buyer_claims_terms BEFORE UPDATE ON settlement.buyer_claims FOR EACH ROW
  EXECUTE FUNCTION settlement.guard_terms('lot_id', 'deposit_id', 'debtor_id', 'holder_id', 'content', 'amount_fen', 'claimed_at');
CREATE TRIGGER buyer_claims_stay BEFORE DELETE OR TRUNCATE ON settlement.buyer_claims
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();

CREATE TABLE settlement.buyer_claim_receipts (
  id uuid PRIMARY KEY,
  lot_id uuid NOT NULL REFERENCES settlement.buyer_claims,
  bank_reference text NOT NULL UNIQUE CHECK (length(bank_reference) BETWEEN 1 AND 140),
  amount_fen bigint NOT NULL CHECK (amount_fen BETWEEN 1 AND 10000000000000),
  applied_fen bigint NOT NULL CHECK (applied_fen BETWEEN 1 AND amount_fen),
  costs_fen bigint NOT NULL CHECK (costs_fen BETWEEN 0 AND applied_fen),  -- what of it made good costs and commissions
  received_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL
);
CREATE INDEX buyer_claim_receipts_of_lot ON settlement.buyer_claim_receipts (lot_id);
CREATE TRIGGER buyer_claim_receipts_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement.buyer_claim_receipts
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
REVOKE DELETE ON settlement.buyer_claims FROM luochui_app;
REVOKE UPDATE, DELETE ON settlement.buyer_claim_receipts FROM luochui_app;

SELECT market.guard_rows('settlement.buyer_claims', 'holder_id = :me',
  'debtor_id = :me OR EXISTS (SELECT FROM settlement.sales s WHERE s.lot_id = buyer_claims.lot_id)');
SELECT market.guard_rows('settlement.buyer_claim_receipts',
  'EXISTS (SELECT FROM settlement.buyer_claims c WHERE c.lot_id = buyer_claim_receipts.lot_id AND c.holder_id = :me)',
  'EXISTS (SELECT FROM settlement.buyer_claims c WHERE c.lot_id = buyer_claim_receipts.lot_id)');

-- A reference tells what is paid: LCD a deposit, LCP a price, LCC a claim on a buyer.
ALTER TABLE settlement.dues DROP CONSTRAINT dues_reference_check;
ALTER TABLE settlement.dues ADD CONSTRAINT dues_reference_check CHECK (reference ~ '^LC[DPC][0-9A-Z]{11}$');
ALTER TABLE settlement.dues DROP CONSTRAINT dues_kind_check;
ALTER TABLE settlement.dues ADD CONSTRAINT dues_kind_check CHECK (kind IN ('DEPOSIT', 'PRICE', 'CLAIM'));

-- migrate:down
ALTER TABLE settlement.dues DROP CONSTRAINT dues_kind_check;
ALTER TABLE settlement.dues ADD CONSTRAINT dues_kind_check CHECK (kind IN ('DEPOSIT', 'PRICE'));
ALTER TABLE settlement.dues DROP CONSTRAINT dues_reference_check;
ALTER TABLE settlement.dues ADD CONSTRAINT dues_reference_check CHECK (reference ~ '^LC[DP][0-9A-Z]{11}$');
DROP TABLE settlement.buyer_claim_receipts, settlement.buyer_claims;
