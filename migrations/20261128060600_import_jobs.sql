-- migrate:up
-- An import that takes longer than a request: it is handed in, worked off by a duty, and tells how far it is.
CREATE TABLE market.import_jobs (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL,
  file_name text NOT NULL,
  content bytea NOT NULL,
  state text NOT NULL CHECK (state IN ('waiting', 'reading', 'checking', 'entering', 'completed', 'refused', 'unreadable')),
  rows_total integer NOT NULL DEFAULT 0 CHECK (rows_total >= 0),
  rows_done integer NOT NULL DEFAULT 0 CHECK (rows_done BETWEEN 0 AND rows_total),
  import_id uuid REFERENCES market.imports,
  problem text,
  problem_zh text,
  created_by uuid NOT NULL REFERENCES market.users,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);
CREATE INDEX import_jobs_of_organisation ON market.import_jobs (organisation_id, id);
SELECT market.guard_rows('market.import_jobs', 'organisation_id = :me');

-- migrate:down
DROP TABLE market.import_jobs;
