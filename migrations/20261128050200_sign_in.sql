-- migrate:up
-- All kinds of organisation of domain 1.1 and 1.4, with what is asked of each; second factors; invitations.
ALTER TABLE market.organisations DROP CONSTRAINT organisations_kind_check;
ALTER TABLE market.organisations ADD CONSTRAINT organisations_kind_check CHECK (kind IN (
  'bank', 'venue', 'agency', 'guarantor', 'insurer', 'reguarantor', 'fund', 'regulator', 'auditor', 'valuer', 'platform',
  'expert', 'pledgor', 'park', 'investor', 'ip_service'));
ALTER TABLE market.organisations
  ADD COLUMN parent_id uuid REFERENCES market.organisations,  -- the bank of a branch
  ADD COLUMN is_science_branch boolean NOT NULL DEFAULT false,  -- 科技支行 (S0 三(一)4)
  ADD COLUMN authority text CHECK (authority IN ('ip_office', 'financial', 'fiscal', 'central_bank')),
  ADD COLUMN region text CHECK (region ~ '^[0-9]{6}$'),
  ADD CONSTRAINT only_banks_have_branches CHECK (kind = 'bank' OR (parent_id IS NULL AND NOT is_science_branch)),
  ADD CONSTRAINT no_parent_of_itself CHECK (parent_id <> id),
  ADD CONSTRAINT only_regulators_have_authority CHECK (kind = 'regulator' OR authority IS NULL);
CREATE INDEX organisations_of_parent ON market.organisations (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE market.second_factors (
  user_id      uuid PRIMARY KEY REFERENCES market.users,
  secret       bytea NOT NULL,  -- sealed where the installation has a key
  is_sealed    boolean NOT NULL,
  last_counter bigint NOT NULL DEFAULT -1,  -- a code counts once
  begun_at     timestamptz NOT NULL,
  confirmed_at timestamptz
);
CREATE TABLE market.recovery_codes (
  user_id   uuid NOT NULL REFERENCES market.users,
  code_hash bytea NOT NULL CHECK (length(code_hash) = 32),
  used_at   timestamptz,
  PRIMARY KEY (user_id, code_hash)
);

-- A link that lets one person in once: a new one, who sets a password of their own, or one whose password is forgotten.
CREATE TABLE market.invitations (
  id              uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES market.organisations,
  user_id         uuid REFERENCES market.users,  -- whose password is set anew; NULL before there is somebody
  username        text NOT NULL CHECK (username = lower(username) AND username <> ''),
  display_name    text NOT NULL,
  roles           text[] NOT NULL,
  is_reset        boolean NOT NULL,
  token_hash      bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
  invited_by      uuid NOT NULL REFERENCES market.users,
  created_at      timestamptz NOT NULL,
  expires_at      timestamptz NOT NULL CHECK (expires_at > created_at),
  accepted_at     timestamptz,
  revoked_at      timestamptz,
  CONSTRAINT accepted_or_revoked CHECK (num_nonnulls(accepted_at, revoked_at) < 2)
);
CREATE INDEX invitations_of_organisation ON market.invitations (organisation_id, id);
CREATE UNIQUE INDEX invitations_once ON market.invitations (username) WHERE accepted_at IS NULL AND revoked_at IS NULL AND NOT is_reset;
REVOKE DELETE ON market.invitations FROM luochui_app;

SELECT market.guard_rows('market.second_factors', 'EXISTS (SELECT FROM market.users u WHERE u.id = user_id)');
SELECT market.guard_rows('market.recovery_codes', 'EXISTS (SELECT FROM market.users u WHERE u.id = user_id)');
SELECT market.guard_rows('market.invitations', 'organisation_id = :me OR :scope = ''platform''');

-- migrate:down
DROP TABLE market.invitations, market.recovery_codes, market.second_factors;
ALTER TABLE market.organisations DROP COLUMN region, DROP COLUMN authority, DROP COLUMN is_science_branch, DROP COLUMN parent_id;
ALTER TABLE market.organisations DROP CONSTRAINT organisations_kind_check;
ALTER TABLE market.organisations ADD CONSTRAINT organisations_kind_check CHECK (kind IN (
  'bank', 'venue', 'agency', 'guarantor', 'insurer', 'reguarantor', 'fund', 'regulator', 'auditor', 'valuer', 'platform')) NOT VALID;
