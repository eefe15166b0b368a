-- migrate:up
-- The further loans of the same borrower that a lot of a session stands for, as its arranger states or the register shows.
ALTER TABLE market.session_lots ADD COLUMN other_loans uuid[] NOT NULL DEFAULT '{}';

-- migrate:down
ALTER TABLE market.session_lots DROP COLUMN other_loans;
