-- migrate:up
-- A fund reads a claim once the bank has approved it: what its maker drafts, and its checker returns, stays in the bank.
DROP POLICY reading ON market.claims;
CREATE POLICY reading ON market.claims FOR SELECT USING (
  (SELECT current_setting('app.scope', true)) IN ('all', 'oversight')
  OR organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)
  OR (state = 'approved' AND (SELECT nullif(current_setting('app.organisation', true), '')::uuid) = ANY (fund_ids)));

-- migrate:down
DROP POLICY reading ON market.claims;
CREATE POLICY reading ON market.claims FOR SELECT USING (
  (SELECT current_setting('app.scope', true)) IN ('all', 'oversight')
  OR organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)
  OR (SELECT nullif(current_setting('app.organisation', true), '')::uuid) = ANY (fund_ids));
