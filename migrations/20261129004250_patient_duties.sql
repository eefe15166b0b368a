-- migrate:up
-- What may wait stands behind what may not: a bank that imports 100,000 loans has each looked at within the minute, and no
-- auction opens or closes later for it. The kinds are `marketplace.duties.rules.PATIENT`.
ALTER TABLE market.duties ADD COLUMN is_patient boolean NOT NULL GENERATED ALWAYS AS (kind = 'watch_case') STORED;
COMMENT ON COLUMN market.duties.is_patient IS 'Whether it is done only while nothing else is due. 可等待';
DROP INDEX market.duties_due;
CREATE INDEX duties_due ON market.duties (is_patient, due_at, id) WHERE state = 'waiting';

-- migrate:down
DROP INDEX market.duties_due;
ALTER TABLE market.duties DROP COLUMN is_patient;
CREATE INDEX duties_due ON market.duties (due_at) WHERE state = 'waiting';
