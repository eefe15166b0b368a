-- migrate:up
-- The loan whose rights are licensed, whether or not a compensation case stands behind it: what comes in is counted for it.
SET LOCAL app.scope = 'all';
ALTER TABLE settlement.licences ADD COLUMN loan_id uuid;
CREATE INDEX licences_of_loan ON settlement.licences (loan_id);
DROP TRIGGER licences_terms ON settlement.licences;
UPDATE settlement.licences SET loan_id = case_id WHERE case_id IS NOT NULL;
CREATE TRIGGER licences_terms BEFORE UPDATE ON settlement.licences FOR EACH ROW EXECUTE FUNCTION settlement.guard_terms(
  'id', 'case_id', 'loan_id', 'holder_id', 'lender_id', 'licensee_id', 'content', 'drafted_by', 'drafted_at');

-- migrate:down
DROP TRIGGER licences_terms ON settlement.licences;
CREATE TRIGGER licences_terms BEFORE UPDATE ON settlement.licences FOR EACH ROW EXECUTE FUNCTION settlement.guard_terms(
  'id', 'case_id', 'holder_id', 'lender_id', 'licensee_id', 'content', 'drafted_by', 'drafted_at');
ALTER TABLE settlement.licences DROP COLUMN loan_id;
