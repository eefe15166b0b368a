-- migrate:up
-- The change feed (变更流): what happened, for each organisation that it concerns, numbered without a gap.
--
-- A number is given under the lock of the organisation's head row and in the transaction that takes the event out of
-- the outbox: a later number is never visible before an earlier one, so that who asks `after = n` misses nothing.
CREATE TABLE market.change_heads (
  organisation_id uuid PRIMARY KEY REFERENCES market.organisations,
  position        bigint NOT NULL DEFAULT 0 CHECK (position >= 0)
);
REVOKE DELETE ON market.change_heads FROM luochui_app;

CREATE TABLE market.changes (
  organisation_id uuid NOT NULL REFERENCES market.organisations,
  position        bigint NOT NULL CHECK (position > 0),
  event_id        uuid NOT NULL REFERENCES market.outbox,
  kind            text NOT NULL,
  occurred_at     timestamptz NOT NULL,
  PRIMARY KEY (organisation_id, position),
  -- an event is told once, however often somebody tries
  CONSTRAINT change_once UNIQUE (organisation_id, event_id)
);
REVOKE UPDATE, DELETE ON market.changes FROM luochui_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON market.changes
  FOR EACH ROW EXECUTE FUNCTION market.refuse_change();

-- A head never goes back, and a number follows the one before it: the database refuses a gap by itself.
CREATE FUNCTION market.change_follows_head() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.position < OLD.position THEN
    RAISE EXCEPTION 'the changes of % are at %, not back at %', OLD.organisation_id, OLD.position, NEW.position
      USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER change_follows_head BEFORE UPDATE ON market.change_heads
  FOR EACH ROW EXECUTE FUNCTION market.change_follows_head();

CREATE FUNCTION market.change_has_no_gap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.position > 1 AND NOT EXISTS (
       SELECT 1 FROM market.changes c
        WHERE c.organisation_id = NEW.organisation_id AND c.position = NEW.position - 1) THEN
    RAISE EXCEPTION 'change % of % leaves a gap', NEW.position, NEW.organisation_id USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER change_has_no_gap AFTER INSERT ON market.changes
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION market.change_has_no_gap();

-- migrate:down
DROP TABLE market.changes, market.change_heads;
DROP FUNCTION market.change_follows_head(), market.change_has_no_gap();
