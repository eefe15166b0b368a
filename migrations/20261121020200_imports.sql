-- migrate:up
-- What a bank handed in and what became of it. The file is kept as it came: it is the evidence of what was entered.
CREATE TABLE market.imports (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL,
  file_name text NOT NULL,
  sha256 bytea NOT NULL CHECK (length(sha256) = 32),
  content bytea NOT NULL,
  state text NOT NULL CHECK (state IN ('completed', 'refused')),
  counts jsonb NOT NULL,
  findings jsonb NOT NULL CHECK (jsonb_typeof(findings) = 'array'),
  created_by uuid NOT NULL,
  created_at timestamptz NOT NULL,
  CONSTRAINT import_is_clean CHECK (state <> 'completed' OR findings = '[]')
);
-- The same file counts once a bank; a refused one may be handed in again.
CREATE UNIQUE INDEX imports_once ON market.imports (organisation_id, sha256) WHERE state = 'completed';
CREATE INDEX imports_of_organisation ON market.imports (organisation_id, id);

-- The record of what was handed in is append-only.
REVOKE UPDATE, DELETE ON market.imports FROM luochui_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON market.imports
  FOR EACH ROW EXECUTE FUNCTION market.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON market.imports
  FOR EACH STATEMENT EXECUTE FUNCTION market.refuse_change();

-- migrate:down
DROP TABLE market.imports;
