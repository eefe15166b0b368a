-- migrate:up
-- Interest at the bank rate on a price that is paid in instalments (延期付款期间的利息): beside the price, owed with its
-- instalment, and part of the proceeds. Source: domain 2.5, 6.6.
INSERT INTO settlement.account_kinds (kind, book, may_go_negative, title, title_zh) VALUES
  ('client_interest', 'money', false, 'Interest paid on the instalments of a price', '分期付款利息')
ON CONFLICT DO NOTHING;  -- account kinds stay when this migration is taken back

ALTER TABLE settlement.sales
  ADD COLUMN interest_due_fen bigint NOT NULL DEFAULT 0 CHECK (interest_due_fen BETWEEN 0 AND 10000000000000),
  ADD COLUMN interest_paid_fen bigint NOT NULL DEFAULT 0 CHECK (interest_paid_fen >= 0);
ALTER TABLE settlement.sales ADD CONSTRAINT sales_interest_in_full CHECK (
  interest_paid_fen <= interest_due_fen AND (state IN ('PRICE_DUE', 'DEFAULTED', 'RESCINDED') OR interest_paid_fen = interest_due_fen));
ALTER TABLE settlement.instalments
  ADD COLUMN interest_fen bigint NOT NULL DEFAULT 0 CHECK (interest_fen BETWEEN 0 AND 10000000000000);
-- What of a credit went to the interest of its lot.
ALTER TABLE settlement.payments_in ADD COLUMN interest_fen bigint NOT NULL DEFAULT 0;
ALTER TABLE settlement.payments_in ADD CONSTRAINT payments_in_not_over_applied CHECK (
  interest_fen >= 0 AND applied_fen + interest_fen <= amount_fen);

-- migrate:down
ALTER TABLE settlement.payments_in DROP CONSTRAINT payments_in_not_over_applied;
ALTER TABLE settlement.payments_in DROP COLUMN interest_fen;
ALTER TABLE settlement.instalments DROP COLUMN interest_fen;
ALTER TABLE settlement.sales DROP CONSTRAINT sales_interest_in_full;
ALTER TABLE settlement.sales DROP COLUMN interest_due_fen, DROP COLUMN interest_paid_fen;
