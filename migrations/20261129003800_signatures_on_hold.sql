-- migrate:up
-- Since when something holds the rights of a licence that waits for its signature: the time to sign stands still.
ALTER TABLE market.licence_grants ADD COLUMN held_since timestamptz;
-- What a checker passes over has the consignment looked at again, as what changes beneath it has.
CREATE FUNCTION market.recheck_of_override() RETURNS trigger LANGUAGE plpgsql SET app.scope = 'all' AS $$
BEGIN
  PERFORM market.ask_for('recheck_consignment', NEW.consignment_id);
  RETURN NULL;
END
$$;
CREATE TRIGGER recheck_of_override AFTER INSERT ON market.diligence_overrides
  FOR EACH ROW EXECUTE FUNCTION market.recheck_of_override();

-- migrate:down
DROP TRIGGER recheck_of_override ON market.diligence_overrides;
DROP FUNCTION market.recheck_of_override;
ALTER TABLE market.licence_grants DROP COLUMN held_since;
