-- migrate:up
-- One schema a package, so that no package can reach another's tables by accident. The application works as
-- `luochui_app`, which owns nothing: append-only rules and constraints bind it.
DO $$
BEGIN
  CREATE ROLE luochui_app NOLOGIN;
EXCEPTION WHEN duplicate_object THEN NULL;
END
$$;

CREATE SCHEMA market;
CREATE SCHEMA engine;
CREATE SCHEMA settlement;

GRANT USAGE ON SCHEMA market, engine, settlement TO luochui_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA market, engine, settlement
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO luochui_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA market, engine, settlement
  GRANT USAGE ON SEQUENCES TO luochui_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA market, engine, settlement
  GRANT EXECUTE ON FUNCTIONS TO luochui_app;

-- migrate:down
ALTER DEFAULT PRIVILEGES IN SCHEMA market, engine, settlement
  REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLES FROM luochui_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA market, engine, settlement
  REVOKE USAGE ON SEQUENCES FROM luochui_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA market, engine, settlement
  REVOKE EXECUTE ON FUNCTIONS FROM luochui_app;
DROP SCHEMA settlement;
DROP SCHEMA engine;
DROP SCHEMA market;
