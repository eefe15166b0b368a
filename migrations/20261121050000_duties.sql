-- migrate:up
-- What must happen at a time. The duty lives here, so that a lost queue loses nothing (reliability 0.4.18).
CREATE TABLE market.duties (
  id           uuid PRIMARY KEY,
  kind         text NOT NULL CHECK (kind ~ '^[a-z][a-z_]*$'),
  subject_id   uuid NOT NULL,
  due_at       timestamptz NOT NULL,
  state        text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'stuck')),
  attempts     integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  -- counts claims: what a worker that was thought dead reports later is not believed
  claims       integer NOT NULL DEFAULT 0,
  lease_until  timestamptz,
  last_error   text,
  created_at   timestamptz NOT NULL,
  done_at      timestamptz,
  CONSTRAINT running_has_a_lease CHECK ((state = 'running') = (lease_until IS NOT NULL)),
  CONSTRAINT done_has_a_time CHECK ((state = 'done') = (done_at IS NOT NULL)),
  -- one duty of a kind a subject: asking twice asks for the same
  CONSTRAINT duty_once UNIQUE (kind, subject_id)
);
CREATE INDEX duties_due ON market.duties (due_at) WHERE state = 'waiting';
CREATE INDEX duties_leased ON market.duties (lease_until) WHERE state = 'running';
CREATE INDEX duties_stuck ON market.duties (due_at) WHERE state = 'stuck';
REVOKE DELETE ON market.duties FROM luochui_app;

-- Wakes the workers when a duty is added or becomes due earlier; without the message they find it a second later.
CREATE FUNCTION market.duty_wakes_workers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('luochui_duties', '');
  RETURN NULL;
END
$$;
CREATE TRIGGER duty_wakes_workers AFTER INSERT OR UPDATE OF due_at ON market.duties
  FOR EACH STATEMENT EXECUTE FUNCTION market.duty_wakes_workers();

-- migrate:down
DROP TABLE market.duties;
DROP FUNCTION market.duty_wakes_workers();
