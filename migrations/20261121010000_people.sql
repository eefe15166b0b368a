-- migrate:up
-- People: organisations, users, sessions, API keys; the audit trail; the outbox; stored answers to repeated requests.

CREATE FUNCTION market.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'LC001';
END
$$;
COMMENT ON FUNCTION market.refuse_change() IS 'Trigger of append-only tables: binds their owner too.';

CREATE TABLE market.organisations (
  id          uuid PRIMARY KEY,
  kind        text NOT NULL CHECK (kind IN ('bank', 'venue', 'agency', 'guarantor', 'insurer', 'reguarantor', 'fund',
                                            'regulator', 'auditor', 'valuer', 'platform')),
  name        text NOT NULL CHECK (name <> '' AND length(name) <= 200),
  credit_code text UNIQUE,  -- 统一社会信用代码
  is_active   boolean NOT NULL DEFAULT true,
  created_at  timestamptz NOT NULL,
  version     integer NOT NULL DEFAULT 1
);

CREATE TABLE market.users (
  id              uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES market.organisations,
  username        text NOT NULL UNIQUE CHECK (username = lower(username) AND username <> ''),
  display_name    text NOT NULL CHECK (display_name <> '' AND length(display_name) <= 100),
  password_hash   text,  -- argon2id; NULL: nobody can sign in
  roles           text[] NOT NULL CHECK (roles <@ ARRAY['bank_maker', 'bank_checker', 'venue_operator', 'venue_checker',
                    'agency_bidder', 'fund_administrator', 'fund_checker', 'regulator', 'auditor',
                    'platform_administrator']),
  is_active       boolean NOT NULL DEFAULT true,
  created_at      timestamptz NOT NULL,
  version         integer NOT NULL DEFAULT 1
);
CREATE INDEX users_of_organisation ON market.users (organisation_id, id);

CREATE TABLE market.sessions (
  id           uuid PRIMARY KEY,
  token_hash   bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
  user_id      uuid NOT NULL REFERENCES market.users,
  created_at   timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL,
  ended_at     timestamptz,
  user_agent   text NOT NULL DEFAULT ''
);
CREATE INDEX sessions_of_user ON market.sessions (user_id) WHERE ended_at IS NULL;

CREATE TABLE market.api_keys (
  id           uuid PRIMARY KEY,
  public_id    text NOT NULL UNIQUE,
  secret_hash  bytea NOT NULL CHECK (length(secret_hash) = 32),
  user_id      uuid NOT NULL REFERENCES market.users,
  name         text NOT NULL CHECK (name <> '' AND length(name) <= 100),
  roles        text[] NOT NULL,
  created_at   timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL,
  last_used_at timestamptz,
  revoked_at   timestamptz
);
CREATE INDEX api_keys_of_user ON market.api_keys (user_id, id);

-- Buckets of sign-in attempts: worth nothing after a crash, so not logged.
CREATE UNLOGGED TABLE market.sign_in_buckets (
  name       text PRIMARY KEY,
  tokens     double precision NOT NULL,
  updated_at timestamptz NOT NULL
);

CREATE TABLE market.idempotency_keys (
  organisation_id uuid NOT NULL,
  key             text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  fingerprint     bytea NOT NULL CHECK (length(fingerprint) = 32),
  status          smallint NOT NULL,
  headers         jsonb NOT NULL,
  body            bytea NOT NULL,
  created_at      timestamptz NOT NULL,
  PRIMARY KEY (organisation_id, key)
);
REVOKE UPDATE, DELETE ON market.idempotency_keys FROM luochui_app;

CREATE TABLE market.outbox (
  id              uuid PRIMARY KEY,
  kind            text NOT NULL,
  payload         jsonb NOT NULL,
  created_at      timestamptz NOT NULL,
  state           text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'dead')),
  attempts        integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz NOT NULL,
  delivered_at    timestamptz,
  last_error      text
);
CREATE INDEX outbox_due ON market.outbox (next_attempt_at, id) WHERE state = 'pending';
REVOKE DELETE ON market.outbox FROM luochui_app;

CREATE TABLE market.audit_entries (
  id              uuid PRIMARY KEY,
  at              timestamptz NOT NULL,
  organisation_id uuid NOT NULL,
  user_id         uuid NOT NULL,
  action          text NOT NULL CHECK (action <> ''),
  subject         text NOT NULL CHECK (subject <> ''),
  subject_id      text NOT NULL CHECK (subject_id <> ''),
  before          jsonb,
  after           jsonb,
  reason          text,
  position        integer NOT NULL,
  previous_hash   bytea NOT NULL,
  hash            bytea NOT NULL,
  UNIQUE (subject, subject_id, position)
);
CREATE INDEX audit_by_organisation ON market.audit_entries (organisation_id, id);
REVOKE UPDATE, DELETE ON market.audit_entries FROM luochui_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON market.audit_entries
  FOR EACH ROW EXECUTE FUNCTION market.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON market.audit_entries
  FOR EACH STATEMENT EXECUTE FUNCTION market.refuse_change();

CREATE FUNCTION market.audit_digest(entry market.audit_entries) RETURNS bytea
LANGUAGE sql STABLE AS $$
  SELECT sha256(entry.previous_hash || convert_to(jsonb_build_array(
    entry.position, entry.id, to_char(entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    entry.organisation_id, entry.user_id, entry.action, entry.subject, entry.subject_id,
    entry.before, entry.after, entry.reason)::text, 'UTF8'))
$$;
COMMENT ON FUNCTION market.audit_digest IS 'SHA-256 of the previous hash and the text of what the entry says.';

-- A chain a subject: whoever changes a subject holds its row lock anyway, so the chain makes nobody wait who would
-- not wait already, and transactions over several subjects can't deadlock on it in a new way. One chain for all would
-- put every change of the market into one queue.
CREATE FUNCTION market.chain_audit_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  last_position integer;
  last_hash     bytea;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('audit:' || NEW.subject || ':' || NEW.subject_id, 0));
  SELECT position, hash INTO last_position, last_hash FROM market.audit_entries
   WHERE subject = NEW.subject AND subject_id = NEW.subject_id ORDER BY position DESC LIMIT 1;
  NEW.position := coalesce(last_position, 0) + 1;
  NEW.previous_hash := coalesce(last_hash, decode(repeat('00', 32), 'hex'));
  NEW.hash := market.audit_digest(NEW);
  RETURN NEW;
END
$$;
CREATE TRIGGER chain BEFORE INSERT ON market.audit_entries
  FOR EACH ROW EXECUTE FUNCTION market.chain_audit_entry();

-- The platform itself, for whom jobs act (`SYSTEM_CALLER`); without a password nobody signs in as it.
INSERT INTO market.organisations (id, kind, name, created_at)
VALUES ('00000000-0000-7000-8000-000000000001', 'platform', 'Luochui 落槌', '2026-01-01T00:00:00Z');
INSERT INTO market.users (id, organisation_id, username, display_name, roles, created_at)
VALUES ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001', 'system', 'Luochui 落槌', '{}',
        '2026-01-01T00:00:00Z');

-- migrate:down
DROP TABLE market.audit_entries CASCADE;
DROP FUNCTION market.chain_audit_entry();
DROP TABLE market.outbox, market.idempotency_keys, market.sign_in_buckets, market.api_keys, market.sessions, market.users,
  market.organisations;
DROP FUNCTION market.refuse_change();
