-- migrate:up
-- What the durability mode `journalled+standby` asserts. The application's role may not see pg_stat_replication; this
-- shows it the state of the standbys and no more. The owner must be a superuser or a member of pg_monitor.
CREATE FUNCTION engine.standbys()
RETURNS TABLE (application_name text, state text, is_synchronous boolean, flushed pg_lsn)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT r.application_name, r.state, r.sync_state IN ('sync', 'quorum'), r.flush_lsn
    FROM pg_catalog.pg_stat_replication r
$$;
REVOKE ALL ON FUNCTION engine.standbys() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION engine.standbys() TO luochui_app;

-- migrate:down
DROP FUNCTION engine.standbys();
