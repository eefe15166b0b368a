-- migrate:up
-- What a register said of rights on a day, as an extract of it that somebody obtained and brought in: nothing here is online.
CREATE TABLE market.registry_extracts (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL,
  source text NOT NULL CHECK (source <> ''),
  as_of date NOT NULL,
  sha256 bytea NOT NULL CHECK (length(sha256) = 32),
  rows integer NOT NULL CHECK (rows > 0),
  brought_by uuid NOT NULL,
  created_at timestamptz NOT NULL,
  UNIQUE (organisation_id, sha256)
);
CREATE TABLE market.registry_records (
  extract_id uuid NOT NULL REFERENCES market.registry_extracts,
  ip_type text NOT NULL,
  number text NOT NULL,
  nice_class smallint,
  record jsonb NOT NULL CHECK (jsonb_typeof(record) = 'object'),
  UNIQUE NULLS NOT DISTINCT (extract_id, ip_type, number, nice_class)
);
CREATE INDEX registry_records_by_number ON market.registry_records (number, ip_type);
CREATE TABLE market.registry_enquiries (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL,
  user_id uuid NOT NULL,
  ip_type text NOT NULL,
  number text NOT NULL,
  extract_id uuid REFERENCES market.registry_extracts,
  asked_at timestamptz NOT NULL
);
CREATE INDEX registry_enquiries_of_organisation ON market.registry_enquiries (organisation_id, id);

-- White lists (白名单): drafted, published by another person as a version, pushed to banks, answered by them, superseded.
CREATE TABLE market.white_lists (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL,
  name text NOT NULL CHECK (name <> ''),
  authority text NOT NULL CHECK (authority <> ''),
  criteria text NOT NULL,
  number integer NOT NULL CHECK (number > 0),
  entries jsonb NOT NULL CHECK (jsonb_typeof(entries) = 'array'),
  sha256 bytea CHECK (length(sha256) = 32),
  state text NOT NULL CHECK (state IN ('draft', 'published', 'pushed', 'superseded')),
  drafted_by uuid NOT NULL,
  published_by uuid,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  UNIQUE (organisation_id, name, number),
  CONSTRAINT published_by_another CHECK (published_by IS NULL OR published_by <> drafted_by),
  CONSTRAINT published_is_signed CHECK ((state = 'draft') = (published_by IS NULL) AND (state = 'draft') = (sha256 IS NULL))
);
CREATE INDEX white_lists_of_organisation ON market.white_lists (organisation_id, id);
CREATE TABLE market.white_list_pushes (
  list_id uuid NOT NULL REFERENCES market.white_lists,
  organisation_id uuid NOT NULL,
  bank_id uuid NOT NULL REFERENCES market.organisations,
  pushed_at timestamptz NOT NULL,
  receipt text,
  received_by uuid,
  received_at timestamptz,
  PRIMARY KEY (list_id, bank_id),
  CONSTRAINT received_with_receipt CHECK (num_nulls(receipt, received_by, received_at) IN (0, 3))
);
CREATE INDEX white_list_pushes_of_bank ON market.white_list_pushes (bank_id);
-- The other way: what became of an entry at a bank.
CREATE TABLE market.white_list_answers (
  list_id uuid NOT NULL REFERENCES market.white_lists,
  organisation_id uuid NOT NULL,
  bank_id uuid NOT NULL REFERENCES market.organisations,
  code text NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('contacted', 'credit_granted', 'declined', 'not_interested')),
  amount_fen bigint CHECK (amount_fen BETWEEN 0 AND 10000000000000),
  note text NOT NULL DEFAULT '',
  answered_by uuid NOT NULL,
  answered_at timestamptz NOT NULL,
  PRIMARY KEY (list_id, bank_id, code, answered_at)
);
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['registry_extracts', 'registry_records', 'registry_enquiries', 'white_list_answers'] LOOP
    EXECUTE format('REVOKE UPDATE, DELETE ON market.%I FROM luochui_app', name);
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON market.%I FOR EACH ROW EXECUTE FUNCTION market.refuse_change()', name);
    EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON market.%I FOR EACH STATEMENT EXECUTE FUNCTION market.refuse_change()', name);
  END LOOP;
END
$$;
-- What was published stays as it was.
CREATE FUNCTION market.white_list_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state <> 'draft' AND (NEW.name, NEW.authority, NEW.criteria, NEW.number, NEW.entries, NEW.sha256, NEW.published_by)
     IS DISTINCT FROM (OLD.name, OLD.authority, OLD.criteria, OLD.number, OLD.entries, OLD.sha256, OLD.published_by) THEN
    RAISE EXCEPTION 'white list % is published: it does not change', OLD.id USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER white_list_is_frozen BEFORE UPDATE ON market.white_lists
  FOR EACH ROW EXECUTE FUNCTION market.white_list_is_frozen();

-- An extract that the platform brought in is everybody's to ask; a list is the banks' to which it was pushed.
SELECT market.guard_rows('market.registry_extracts', 'organisation_id = :me',
  'organisation_id = ''00000000-0000-7000-8000-000000000001'' AND :scope <> ''''');
SELECT market.guard_rows('market.registry_records',
  'EXISTS (SELECT FROM market.registry_extracts e WHERE e.id = extract_id AND e.organisation_id = :me)',
  'EXISTS (SELECT FROM market.registry_extracts e WHERE e.id = extract_id)');
SELECT market.guard_rows('market.registry_enquiries', 'organisation_id = :me');
SELECT market.guard_rows('market.white_list_pushes', 'organisation_id = :me OR bank_id = :me');
SELECT market.guard_rows('market.white_list_answers', 'organisation_id = :me OR bank_id = :me');
SELECT market.guard_rows('market.white_lists', 'organisation_id = :me',
  'EXISTS (SELECT FROM market.white_list_pushes p WHERE p.list_id = white_lists.id AND p.bank_id = :me)');

-- migrate:down
DROP TABLE market.white_list_answers;
DROP POLICY reading ON market.white_lists;
DROP TABLE market.white_list_pushes;
DROP TABLE market.white_lists;
DROP FUNCTION market.white_list_is_frozen;
DROP TABLE market.registry_enquiries;
DROP TABLE market.registry_records;
DROP TABLE market.registry_extracts;
