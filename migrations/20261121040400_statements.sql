-- migrate:up
-- Statements as issued: the exact bytes, their hash, and a number. A correction is a new version.
CREATE SEQUENCE settlement.statement_numbers;

CREATE TABLE settlement.statements (
  id uuid PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('settlement', 'distribution', 'clearing')),
  subject_id uuid NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  number text NOT NULL UNIQUE,
  document bytea NOT NULL,
  sha256 bytea NOT NULL GENERATED ALWAYS AS (sha256(document)) STORED,
  issued_by uuid,
  issued_at timestamptz NOT NULL,
  UNIQUE (kind, subject_id, version)
);
CREATE TRIGGER statements_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement.statements
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
REVOKE UPDATE, DELETE ON settlement.statements FROM luochui_app;

-- migrate:down
DROP TABLE settlement.statements;
DROP SEQUENCE settlement.statement_numbers;
