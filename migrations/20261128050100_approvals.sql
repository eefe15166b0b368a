-- migrate:up
-- Who is one person: accounts of the same human carry the same `person_id`, so that nobody approves their own request from
-- another account (reliability T69). An identity number is kept as a slow digest alone.
ALTER TABLE market.users ADD COLUMN person_id uuid, ADD COLUMN identity_digest bytea CHECK (length(identity_digest) = 32);
UPDATE market.users SET person_id = id;
ALTER TABLE market.users ALTER COLUMN person_id SET NOT NULL;
CREATE INDEX users_of_person ON market.users (person_id);
CREATE INDEX users_of_identity ON market.users (identity_digest) WHERE identity_digest IS NOT NULL;

CREATE FUNCTION market.is_a_person() RETURNS trigger LANGUAGE plpgsql SET app.scope = 'all' AS $$
BEGIN
  NEW.person_id := coalesce(NEW.person_id,
    (SELECT u.person_id FROM market.users u WHERE u.identity_digest = NEW.identity_digest ORDER BY u.id LIMIT 1), NEW.id);
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION market.is_a_person IS 'A new account is the person of the same identity number, or a person of its own.';
CREATE TRIGGER is_a_person BEFORE INSERT ON market.users FOR EACH ROW EXECUTE FUNCTION market.is_a_person();

CREATE FUNCTION market.two_people() RETURNS trigger LANGUAGE plpgsql SET app.scope = 'all' AS $$
DECLARE
  first  uuid;
  second uuid;
BEGIN
  EXECUTE format('SELECT ($1).%I, ($1).%I', TG_ARGV[0], TG_ARGV[1]) USING NEW INTO first, second;
  -- One account twice is refused by each table's own constraint.
  IF first <> second AND EXISTS (SELECT FROM market.users a JOIN market.users b ON b.person_id = a.person_id
                                  WHERE a.id = first AND b.id = second) THEN
    RAISE EXCEPTION '%.%: % and % are the same person', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_ARGV[0], TG_ARGV[1]
      USING ERRCODE = 'LC069';
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION market.two_people IS 'Trigger: the two columns that it names never name one person, whatever the accounts.';

-- Two people a step, whatever the room's own check: by the person, not by the account.
DO $$
DECLARE
  pair text[];
BEGIN
  FOREACH pair SLICE 1 IN ARRAY ARRAY[
    ['market.consignments', 'submitted_by', 'approved_by'], ['market.lots', 'drafted_by', 'published_by'],
    ['market.claims', 'drafted_by', 'decided_by'], ['market.claims', 'final_proposed_by', 'final_approved_by'],
    ['market.quarterly_returns', 'drafted_by', 'submitted_by'], ['settlement.cost_sheets', 'drafted_by', 'locked_by'],
    ['settlement.plans', 'drafted_by', 'approved_by'], ['settlement.bank_decisions', 'decided_by', 'second_by'],
    ['settlement.payee_accounts', 'proposed_by', 'decided_by'], ['settlement.payment_files', 'drafted_by', 'approved_by'],
    ['settlement.licences', 'drafted_by', 'approved_by'], ['settlement.enrolments', 'enrolled_by', 'accepted_by'],
    ['settlement.clawbacks', 'proposed_by', 'decided_by']] LOOP
    EXECUTE format('CREATE TRIGGER two_people_%s BEFORE INSERT OR UPDATE ON %s FOR EACH ROW
                    WHEN (NEW.%I IS NOT NULL AND NEW.%I IS NOT NULL) EXECUTE FUNCTION market.two_people(%L, %L)',
                   pair[3], pair[1], pair[2], pair[3], pair[2], pair[3]);
  END LOOP;
END
$$;

-- From which amount on an organisation wants two checkers; the newest version counts.
CREATE TABLE market.approval_limits (
  organisation_id       uuid NOT NULL REFERENCES market.organisations,
  version               integer NOT NULL CHECK (version > 0),
  two_checkers_from_fen bigint CHECK (two_checkers_from_fen BETWEEN 1 AND 10000000000000),  -- NULL: one always does
  approval_id           uuid NOT NULL,
  set_at                timestamptz NOT NULL,
  PRIMARY KEY (organisation_id, version)
);
REVOKE UPDATE, DELETE ON market.approval_limits FROM luochui_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON market.approval_limits
  FOR EACH ROW EXECUTE FUNCTION market.refuse_change();

-- What is to be approved, byte for byte; who asked; how many others must agree.
CREATE TABLE market.approvals (
  id              uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES market.organisations,
  kind            text NOT NULL CHECK (kind IN ('listing', 'price_cut', 'route_change', 'set_off', 'distribution', 'compensation',
                                               'user_rights', 'approval_limit')),
  subject_id      uuid NOT NULL,
  content         text NOT NULL,  -- JSON, exactly the bytes that were hashed
  sha256          text NOT NULL,
  amount_fen      bigint CHECK (amount_fen >= 0),
  checkers        smallint NOT NULL CHECK (checkers IN (1, 2)),
  reason          text NOT NULL CHECK (reason <> ''),
  asked_by        uuid NOT NULL REFERENCES market.users,
  asked_at        timestamptz NOT NULL,
  state           text NOT NULL CHECK (state IN ('pending', 'approved', 'refused', 'withdrawn', 'used')),
  settled_at      timestamptz,
  CONSTRAINT hash_is_of_the_content CHECK (sha256 = encode(sha256(convert_to(content, 'UTF8')), 'hex')),
  CONSTRAINT settled_has_a_time CHECK ((state = 'pending') = (settled_at IS NULL))
);
CREATE UNIQUE INDEX approvals_one_open ON market.approvals (organisation_id, kind, subject_id) WHERE state IN ('pending', 'approved');
CREATE INDEX approvals_of_organisation ON market.approvals (organisation_id, id);
REVOKE DELETE ON market.approvals FROM luochui_app;
CREATE FUNCTION market.approval_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW.organisation_id, NEW.kind, NEW.subject_id, NEW.content, NEW.sha256, NEW.amount_fen, NEW.checkers, NEW.reason,
      NEW.asked_by, NEW.asked_at)
     IS DISTINCT FROM
     (OLD.id, OLD.organisation_id, OLD.kind, OLD.subject_id, OLD.content, OLD.sha256, OLD.amount_fen, OLD.checkers, OLD.reason,
      OLD.asked_by, OLD.asked_at)
     OR NOT (NEW.state = OLD.state OR OLD.state = 'pending' AND NEW.state <> 'used' OR OLD.state = 'approved' AND NEW.state IN ('used', 'withdrawn'))
  THEN
    RAISE EXCEPTION 'approval %: what was asked does not change, and what was settled stays', OLD.id USING ERRCODE = 'LC001';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER approval_is_frozen BEFORE UPDATE ON market.approvals
  FOR EACH ROW EXECUTE FUNCTION market.approval_is_frozen();

CREATE TABLE market.approval_decisions (
  approval_id uuid NOT NULL REFERENCES market.approvals,
  decided_by  uuid NOT NULL REFERENCES market.users,
  is_yes      boolean NOT NULL,
  reason      text NOT NULL CHECK (reason <> ''),
  sha256      text NOT NULL,
  decided_at  timestamptz NOT NULL,
  PRIMARY KEY (approval_id, decided_by)
);
REVOKE UPDATE, DELETE ON market.approval_decisions FROM luochui_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON market.approval_decisions
  FOR EACH ROW EXECUTE FUNCTION market.refuse_change();
-- Each decision is another person's than who asked and than all who decided before, and is about what was asked.
CREATE FUNCTION market.decision_is_anothers() RETURNS trigger LANGUAGE plpgsql SET app.scope = 'all' AS $$
BEGIN
  IF EXISTS (SELECT FROM market.users me
               JOIN market.users other ON other.person_id = me.person_id
              WHERE me.id = NEW.decided_by
                AND (other.id = (SELECT a.asked_by FROM market.approvals a WHERE a.id = NEW.approval_id)
                     OR EXISTS (SELECT FROM market.approval_decisions d WHERE d.approval_id = NEW.approval_id AND d.decided_by = other.id)))
  THEN
    RAISE EXCEPTION 'approval %: this person asked, or has decided already', NEW.approval_id USING ERRCODE = 'LC069';
  END IF;
  IF NOT EXISTS (SELECT FROM market.approvals a WHERE a.id = NEW.approval_id AND a.sha256 = NEW.sha256 AND a.state = 'pending') THEN
    RAISE EXCEPTION 'approval %: is not open, or is about something else', NEW.approval_id USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER decision_is_anothers BEFORE INSERT ON market.approval_decisions
  FOR EACH ROW EXECUTE FUNCTION market.decision_is_anothers();

SELECT market.guard_rows('market.approval_limits', 'organisation_id = :me');
SELECT market.guard_rows('market.approvals', 'organisation_id = :me');
SELECT market.guard_rows('market.approval_decisions',
  'EXISTS (SELECT FROM market.approvals a WHERE a.id = approval_id AND a.organisation_id = :me)');

-- migrate:down
DROP TABLE market.approval_decisions, market.approvals, market.approval_limits;
DROP FUNCTION market.decision_is_anothers(), market.approval_is_frozen();
DROP FUNCTION market.two_people() CASCADE;
DROP TRIGGER is_a_person ON market.users;
DROP FUNCTION market.is_a_person();
ALTER TABLE market.users DROP COLUMN identity_digest, DROP COLUMN person_id;
