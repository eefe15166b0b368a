-- migrate:up
-- Until when somebody administered the platform who does no more. Whoever is left acts alone only once that is long past:
-- or one of two would switch the other off and then be asked for nobody's word (reliability T69).
SET LOCAL app.scope = 'all';
ALTER TABLE market.users ADD COLUMN administered_until timestamptz;
CREATE FUNCTION market.administers_no_more() RETURNS trigger LANGUAGE plpgsql SET app.scope = 'all' AS $$
BEGIN
  -- The service says its own time; what is changed otherwise counts from now.
  IF NEW.administered_until IS NOT DISTINCT FROM OLD.administered_until THEN
    NEW.administered_until := now();
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION market.administers_no_more IS 'Trigger: remembers until when a person administered the platform.';
CREATE TRIGGER administers_no_more BEFORE UPDATE OF roles, is_active ON market.users FOR EACH ROW
  WHEN (OLD.is_active AND 'platform_administrator' = ANY (OLD.roles)
        AND NOT (NEW.is_active AND 'platform_administrator' = ANY (NEW.roles)))
  EXECUTE FUNCTION market.administers_no_more();

-- Who administers the platform reads the requests about people, whichever organisation decides them.
DROP POLICY reading ON market.approvals;
CREATE POLICY reading ON market.approvals FOR SELECT USING (
  (SELECT current_setting('app.scope', true)) IN ('all', 'oversight')
  OR organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)
  OR (kind = 'user_rights' AND (SELECT current_setting('app.scope', true)) = 'platform'));
DROP POLICY reading ON market.approval_decisions;
CREATE POLICY reading ON market.approval_decisions FOR SELECT USING (
  (SELECT current_setting('app.scope', true)) IN ('all', 'oversight')
  OR EXISTS (SELECT FROM market.approvals a WHERE a.id = approval_id));

-- migrate:down
DROP POLICY reading ON market.approval_decisions;
CREATE POLICY reading ON market.approval_decisions FOR SELECT USING (
  (SELECT current_setting('app.scope', true)) IN ('all', 'oversight')
  OR EXISTS (SELECT FROM market.approvals a WHERE a.id = approval_id
              AND a.organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid)));
DROP POLICY reading ON market.approvals;
CREATE POLICY reading ON market.approvals FOR SELECT USING (
  (SELECT current_setting('app.scope', true)) IN ('all', 'oversight')
  OR organisation_id = (SELECT nullif(current_setting('app.organisation', true), '')::uuid));
DROP TRIGGER administers_no_more ON market.users;
DROP FUNCTION market.administers_no_more();
ALTER TABLE market.users DROP COLUMN administered_until;
