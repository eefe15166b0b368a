-- migrate:up
-- Webhooks (Standard Webhooks): where an organisation wants its changes sent, what was sent, and how each try ended.
CREATE TABLE market.webhook_endpoints (
  id              uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES market.organisations,
  url             text NOT NULL CHECK (length(url) BETWEEN 1 AND 500),
  description     text NOT NULL CHECK (length(description) <= 200),
  kinds           text[] NOT NULL,  -- empty: everything
  state           text NOT NULL CHECK (state IN ('enabled', 'disabled')),
  disabled_reason text,
  created_by      uuid NOT NULL REFERENCES market.users,
  created_at      timestamptz NOT NULL,
  updated_at      timestamptz NOT NULL,
  version         integer NOT NULL DEFAULT 1,
  CONSTRAINT disabled_says_why CHECK ((state = 'disabled') = (disabled_reason IS NOT NULL))
);
CREATE INDEX webhook_endpoints_of_organisation ON market.webhook_endpoints (organisation_id, id);
REVOKE DELETE ON market.webhook_endpoints FROM luochui_app;

-- What messages are signed with. While a secret is being replaced there are two, and messages carry both signatures.
CREATE TABLE market.webhook_secrets (
  id              uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES market.organisations,
  endpoint_id     uuid NOT NULL REFERENCES market.webhook_endpoints,
  secret          bytea NOT NULL CHECK (length(secret) BETWEEN 24 AND 64),
  created_at      timestamptz NOT NULL,
  expires_at      timestamptz  -- NULL: the present one
);
CREATE UNIQUE INDEX one_present_secret ON market.webhook_secrets (endpoint_id) WHERE expires_at IS NULL;
CREATE INDEX webhook_secrets_of_endpoint ON market.webhook_secrets (endpoint_id, id);

CREATE TABLE market.webhook_deliveries (
  id              uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES market.organisations,
  endpoint_id     uuid NOT NULL REFERENCES market.webhook_endpoints,
  event_id        uuid NOT NULL REFERENCES market.outbox,
  is_replay       boolean NOT NULL DEFAULT false,
  state           text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'delivered', 'failed')),
  attempts        integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  -- counts claims: what a worker that was thought dead reports later is not believed
  claims          integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz NOT NULL,
  lease_until     timestamptz,
  created_at      timestamptz NOT NULL,
  ended_at        timestamptz,
  CONSTRAINT running_has_a_lease CHECK ((state = 'running') = (lease_until IS NOT NULL)),
  CONSTRAINT ended_has_a_time CHECK ((state IN ('delivered', 'failed')) = (ended_at IS NOT NULL))
);
-- An event goes to an endpoint once by itself; beyond that only when its owner asks for a replay.
CREATE UNIQUE INDEX delivery_once ON market.webhook_deliveries (endpoint_id, event_id) WHERE NOT is_replay;
CREATE INDEX webhook_deliveries_due ON market.webhook_deliveries (next_attempt_at) WHERE state = 'waiting';
CREATE INDEX webhook_deliveries_leased ON market.webhook_deliveries (lease_until) WHERE state = 'running';
CREATE INDEX webhook_deliveries_of_endpoint ON market.webhook_deliveries (endpoint_id, id);
REVOKE DELETE ON market.webhook_deliveries FROM luochui_app;

CREATE TABLE market.webhook_attempts (
  delivery_id     uuid NOT NULL REFERENCES market.webhook_deliveries,
  number          integer NOT NULL CHECK (number > 0),
  organisation_id uuid NOT NULL REFERENCES market.organisations,
  started_at      timestamptz NOT NULL,
  took_ms         integer NOT NULL CHECK (took_ms >= 0),
  status          smallint CHECK (status BETWEEN 100 AND 599),
  error           text CHECK (length(error) <= 200),
  answer          text NOT NULL CHECK (length(answer) <= 500),
  PRIMARY KEY (delivery_id, number),
  CONSTRAINT answered_or_failed CHECK (status IS NOT NULL OR error IS NOT NULL)
);
REVOKE UPDATE, DELETE ON market.webhook_attempts FROM luochui_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON market.webhook_attempts
  FOR EACH ROW EXECUTE FUNCTION market.refuse_change();

-- migrate:down
DROP TABLE market.webhook_attempts, market.webhook_deliveries, market.webhook_secrets, market.webhook_endpoints;
