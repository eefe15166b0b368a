-- migrate:up
-- By when an agency that operates rights pays what it owes of a period, and whether it let that day pass. Source: domain 3.9
-- (OPERATION_MANDATE: agreed share of proceeds), 6.6 (period statement, receipt). Reports of earlier mandates have no such day.
ALTER TABLE market.mandate_reports ADD COLUMN pay_by date CHECK (pay_by > due_on);
ALTER TABLE market.mandate_reports ADD COLUMN payment_was_late boolean NOT NULL DEFAULT false;

-- migrate:down
ALTER TABLE market.mandate_reports DROP COLUMN payment_was_late;
ALTER TABLE market.mandate_reports DROP COLUMN pay_by;
