-- migrate:up
-- The expert base (专家库) of a venue, and panels drawn from it. Source: domain 1.4 九, 2.8 (weighted tenders).
CREATE TABLE market.experts (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL,
  user_id uuid REFERENCES market.users,
  name text NOT NULL CHECK (name <> ''),
  employer_name text NOT NULL CHECK (employer_name <> ''),
  employer_code text CHECK (employer_code ~ '^[0-9A-HJ-NP-RTUW-Y]{18}$'),
  fields text[] NOT NULL CHECK (cardinality(fields) > 0),
  credentials text NOT NULL DEFAULT '',
  -- Standing interests that the expert has declared: who, by name or code, and how.
  interests jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(interests) = 'array'),
  state text NOT NULL CHECK (state IN ('active', 'suspended', 'removed')),
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);
CREATE INDEX experts_of_organisation ON market.experts (organisation_id, id);
CREATE UNIQUE INDEX experts_once ON market.experts (organisation_id, user_id) WHERE state <> 'removed';

-- A draw: everything that is needed to repeat it stands in the row, and none of it can be changed afterwards.
CREATE TABLE market.expert_draws (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL,
  subject text NOT NULL CHECK (subject <> ''),
  subject_id uuid NOT NULL,
  purpose text NOT NULL CHECK (purpose IN ('weighted_tender', 'valuation_review', 'eligibility_review')),
  quotas jsonb NOT NULL CHECK (jsonb_typeof(quotas) = 'array'),
  parties jsonb NOT NULL CHECK (jsonb_typeof(parties) = 'array'),
  seed bytea NOT NULL CHECK (length(seed) = 32),
  candidates jsonb NOT NULL CHECK (jsonb_typeof(candidates) = 'array'),
  excluded jsonb NOT NULL CHECK (jsonb_typeof(excluded) = 'array'),
  drawn_by uuid NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE INDEX expert_draws_of_organisation ON market.expert_draws (organisation_id, id);
CREATE INDEX expert_draws_of_subject ON market.expert_draws (subject_id);
REVOKE UPDATE, DELETE ON market.expert_draws FROM luochui_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON market.expert_draws
  FOR EACH ROW EXECUTE FUNCTION market.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON market.expert_draws
  FOR EACH STATEMENT EXECUTE FUNCTION market.refuse_change();

-- One standing draw a subject and purpose: nobody draws again until the panel pleases. A draw is set aside by another
-- person, with a reason, and only then may a new one be made.
CREATE TABLE market.expert_standing_draws (
  draw_id uuid PRIMARY KEY REFERENCES market.expert_draws,
  organisation_id uuid NOT NULL,
  subject_id uuid NOT NULL,
  purpose text NOT NULL,
  set_aside_by uuid,
  set_aside_at timestamptz,
  reason text,
  CONSTRAINT set_aside_is_reasoned CHECK ((set_aside_by IS NULL) = (reason IS NULL))
);
CREATE UNIQUE INDEX expert_draw_once ON market.expert_standing_draws (organisation_id, subject_id, purpose)
  WHERE set_aside_by IS NULL;

-- Who sits: as drawn, or called up in place of someone who declared a conflict.
CREATE TABLE market.expert_seats (
  draw_id uuid NOT NULL REFERENCES market.expert_draws,
  expert_id uuid NOT NULL REFERENCES market.experts,
  position smallint NOT NULL CHECK (position > 0),
  field text NOT NULL,
  state text NOT NULL CHECK (state IN ('drawn', 'confirmed', 'recused')),
  statement text,
  declared_by uuid,
  declared_at timestamptz,
  PRIMARY KEY (draw_id, expert_id),
  CONSTRAINT declared_with_statement CHECK ((state = 'drawn') = (statement IS NULL))
);
CREATE INDEX expert_seats_of_expert ON market.expert_seats (expert_id);

-- migrate:down
DROP TABLE market.expert_seats;
DROP TABLE market.expert_standing_draws;
DROP TABLE market.expert_draws;
DROP TABLE market.experts;
