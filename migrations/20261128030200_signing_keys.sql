-- migrate:up
-- Every key that ever signed for a log, in the order they came. A handover is signed by the key before: who trusts that
-- one may trust this one. A key without a handover was put in place by hand, and readers have to be told of it.
CREATE TABLE engine.signing_keys (
  number     bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  log_name   text NOT NULL,
  public_key bytea NOT NULL CHECK (octet_length(public_key) = 32),
  previous   bytea CHECK (octet_length(previous) = 32),
  handover   bytea CHECK (octet_length(handover) = 64),
  added_at   timestamptz NOT NULL,
  CONSTRAINT key_once UNIQUE (log_name, public_key),
  CONSTRAINT handed_over_by_a_key CHECK (handover IS NULL OR previous IS NOT NULL)
);
CREATE TRIGGER signing_keys_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON engine.signing_keys
  FOR EACH STATEMENT EXECUTE FUNCTION engine.refuse_change();
REVOKE UPDATE, DELETE ON engine.signing_keys FROM luochui_app;

-- migrate:down
DROP TABLE engine.signing_keys;
