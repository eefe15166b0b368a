-- migrate:up
-- A rebuilt engine suspends what was open (reliability 3.6). The duty to tell the public so is made in the same
-- transaction, once for each auction that is a lot; a later suspension of the same lot makes its duty due again.
CREATE FUNCTION market.suspension_is_a_duty() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO market.duties (id, kind, subject_id, due_at, created_at)
  SELECT gen_random_uuid(), 'follow_suspension', l.id, NEW.begun_at, NEW.begun_at
    FROM market.lots l
   WHERE l.id = ANY (NEW.suspended)
   ORDER BY l.id
  ON CONFLICT (kind, subject_id) DO UPDATE
     SET state = 'waiting', due_at = EXCLUDED.due_at, attempts = 0, lease_until = NULL, done_at = NULL;
  RETURN NULL;
END
$$;
CREATE TRIGGER suspension_is_a_duty AFTER INSERT ON engine.epochs
  FOR EACH ROW EXECUTE FUNCTION market.suspension_is_a_duty();

-- migrate:down
DROP TRIGGER suspension_is_a_duty ON engine.epochs;
DROP FUNCTION market.suspension_is_a_duty();
