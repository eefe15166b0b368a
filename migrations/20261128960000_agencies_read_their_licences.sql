-- migrate:up
-- An agency that takes a share of a licence's income reads its statements (domain 7): the licence's content names it.
DROP POLICY reading ON settlement.licences;
CREATE POLICY reading ON settlement.licences FOR SELECT USING (
  (SELECT current_setting('app.scope', true)) IN ('all', 'oversight')
  OR (SELECT nullif(current_setting('app.organisation', true), '')::uuid) IN (holder_id, lender_id, licensee_id)
  OR (SELECT nullif(current_setting('app.organisation', true), '')) = convert_from(content, 'UTF8')::jsonb ->> 'agency_id');

-- migrate:down
DROP POLICY reading ON settlement.licences;
CREATE POLICY reading ON settlement.licences FOR SELECT USING (
  (SELECT current_setting('app.scope', true)) IN ('all', 'oversight')
  OR (SELECT nullif(current_setting('app.organisation', true), '')::uuid) IN (holder_id, lender_id, licensee_id));
