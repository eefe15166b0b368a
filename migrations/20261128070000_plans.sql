-- migrate:up
-- Plans of disposal (处置计划): what follows what, stated before, changed by two people only.
CREATE SEQUENCE market.plan_numbers;

CREATE TABLE market.plans (
  id              uuid PRIMARY KEY,
  number          text NOT NULL UNIQUE,
  consignment_id  uuid NOT NULL REFERENCES market.consignments,
  organisation_id uuid NOT NULL REFERENCES market.organisations,
  venue_id        uuid NOT NULL REFERENCES market.organisations,
  state           text NOT NULL DEFAULT 'draft'
                  CHECK (state IN ('draft', 'approved', 'running', 'covered', 'completed', 'exhausted', 'stopped')),
  content         text NOT NULL,  -- JSON, exactly the bytes that were approved
  sha256          text NOT NULL,
  drafted_by      uuid NOT NULL REFERENCES market.users,
  approved_by     uuid REFERENCES market.users,
  started_by      uuid REFERENCES market.users,
  reason          text,
  version         integer NOT NULL DEFAULT 1,
  created_at      timestamptz NOT NULL,
  updated_at      timestamptz NOT NULL,
  CONSTRAINT hash_is_of_the_content CHECK (sha256 = encode(sha256(convert_to(content, 'UTF8')), 'hex')),
  CONSTRAINT approved_by_another CHECK (approved_by <> drafted_by),
  CONSTRAINT what_runs_is_approved CHECK (state IN ('draft', 'stopped') OR approved_by IS NOT NULL),
  CONSTRAINT what_runs_was_started CHECK (state NOT IN ('running', 'covered', 'completed', 'exhausted') OR started_by IS NOT NULL)
);
CREATE UNIQUE INDEX one_live_plan ON market.plans (consignment_id) WHERE state IN ('draft', 'approved', 'running');
CREATE INDEX plans_of_organisation ON market.plans (organisation_id, id);
CREATE INDEX plans_of_venue ON market.plans (venue_id, id);
REVOKE DELETE ON market.plans FROM luochui_app;

CREATE TABLE market.plan_steps (
  plan_id    uuid NOT NULL REFERENCES market.plans,
  n          smallint NOT NULL CHECK (n BETWEEN 1 AND 12),
  kind       text NOT NULL,
  terms      jsonb NOT NULL,
  state      text NOT NULL DEFAULT 'planned'
             CHECK (state IN ('planned', 'running', 'held', 'succeeded', 'failed', 'skipped')),
  subject_id uuid,  -- what the step began: a lot, an offer of licences, a mandate, a set-off
  reason     text,
  begun_at   timestamptz,
  ended_at   timestamptz,
  PRIMARY KEY (plan_id, n),
  CONSTRAINT ended_has_a_time CHECK ((state IN ('succeeded', 'failed', 'skipped')) = (ended_at IS NOT NULL)),
  CONSTRAINT running_has_a_subject CHECK (state <> 'running' OR subject_id IS NOT NULL)
);
CREATE UNIQUE INDEX step_of_subject ON market.plan_steps (subject_id) WHERE subject_id IS NOT NULL;
-- One step at a time.
CREATE UNIQUE INDEX one_step_at_a_time ON market.plan_steps (plan_id) WHERE state IN ('running', 'held');

-- A change of what has not begun yet: proposed by one person, decided by another.
CREATE TABLE market.plan_changes (
  id          uuid PRIMARY KEY,
  plan_id     uuid NOT NULL REFERENCES market.plans,
  content     text NOT NULL,
  sha256      text NOT NULL,
  reason      text NOT NULL CHECK (reason <> ''),
  state       text NOT NULL DEFAULT 'proposed' CHECK (state IN ('proposed', 'approved', 'refused')),
  proposed_by uuid NOT NULL REFERENCES market.users,
  proposed_at timestamptz NOT NULL,
  decided_by  uuid REFERENCES market.users,
  decided_at  timestamptz,
  CONSTRAINT hash_is_of_the_content CHECK (sha256 = encode(sha256(convert_to(content, 'UTF8')), 'hex')),
  CONSTRAINT decided_by_another CHECK (decided_by <> proposed_by),
  CONSTRAINT decided_has_a_time CHECK ((state = 'proposed') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX one_open_change ON market.plan_changes (plan_id) WHERE state = 'proposed';
REVOKE DELETE ON market.plan_changes FROM luochui_app;

-- migrate:down
DROP TABLE market.plan_changes, market.plan_steps, market.plans;
DROP SEQUENCE market.plan_numbers;
