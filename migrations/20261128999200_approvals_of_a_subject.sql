-- migrate:up
-- What was asked about a subject, by whichever organisation: looked up whenever a room files, signs or drops.
CREATE INDEX approvals_of_subject ON market.approvals (subject_id, kind, id);

-- migrate:down
DROP INDEX market.approvals_of_subject;
