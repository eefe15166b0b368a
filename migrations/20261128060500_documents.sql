-- migrate:up
-- Documents by content (reliability T67): what is stored is named by its SHA-256; names that people give are words to show.
CREATE TABLE market.blobs (
  sha256 bytea PRIMARY KEY CHECK (length(sha256) = 32),
  content bytea NOT NULL CHECK (length(content) BETWEEN 1 AND 20000000),
  media_type text NOT NULL CHECK (media_type IN ('application/pdf', 'image/png', 'image/jpeg', 'text/plain',
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet')),
  created_at timestamptz NOT NULL,
  CONSTRAINT blob_is_what_it_is_called CHECK (sha256 = sha256(content))
);

CREATE TABLE market.documents (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL,
  subject text NOT NULL CHECK (subject IN ('case', 'asset', 'pledge', 'valuation', 'consignment', 'lot')),
  subject_id uuid NOT NULL,
  kind text NOT NULL,
  title text NOT NULL CHECK (title <> ''),
  -- P everybody, R registered bidders, N registered bidders who accepted the secrecy terms, I the bank, its venue, supervisors.
  visibility text NOT NULL CHECK (visibility IN ('public', 'registered', 'nda', 'internal')),
  is_withdrawn boolean NOT NULL DEFAULT false,
  version integer NOT NULL DEFAULT 1,
  created_by uuid NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);
CREATE INDEX documents_of_organisation ON market.documents (organisation_id, id);
CREATE INDEX documents_of_subject ON market.documents (subject_id);

CREATE TABLE market.document_versions (
  document_id uuid NOT NULL REFERENCES market.documents,
  number smallint NOT NULL CHECK (number > 0),
  sha256 bytea NOT NULL REFERENCES market.blobs,
  given_name text NOT NULL,
  uploaded_by uuid NOT NULL,
  uploaded_at timestamptz NOT NULL,
  PRIMARY KEY (document_id, number)
);

-- The secrecy terms of a lot's data room, by version; who accepts, accepts these very words.
CREATE TABLE market.secrecy_terms (
  lot_id uuid NOT NULL REFERENCES market.lots,
  number smallint NOT NULL CHECK (number > 0),
  venue_id uuid NOT NULL,
  text_zh text NOT NULL CHECK (text_zh <> ''),
  text_en text NOT NULL CHECK (text_en <> ''),
  sha256 bytea NOT NULL CHECK (length(sha256) = 32),
  published_by uuid NOT NULL,
  published_at timestamptz NOT NULL,
  PRIMARY KEY (lot_id, number)
);
CREATE TABLE market.secrecy_acceptances (
  lot_id uuid NOT NULL REFERENCES market.lots,
  organisation_id uuid NOT NULL,
  sha256 bytea NOT NULL,
  accepted_by uuid NOT NULL,
  accepted_at timestamptz NOT NULL,
  PRIMARY KEY (lot_id, organisation_id, sha256)
);

-- Who read what, when. Whose document it is reads the log, and so does the venue of the lot.
CREATE TABLE market.document_accesses (
  id uuid PRIMARY KEY,
  document_id uuid NOT NULL REFERENCES market.documents,
  number smallint NOT NULL,
  lot_id uuid,
  organisation_id uuid,
  user_id uuid,
  accessed_at timestamptz NOT NULL
);
CREATE INDEX document_accesses_of_document ON market.document_accesses (document_id, id);
CREATE INDEX document_accesses_of_lot ON market.document_accesses (lot_id, id);

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['blobs', 'document_versions', 'secrecy_terms', 'secrecy_acceptances', 'document_accesses'] LOOP
    EXECUTE format('REVOKE UPDATE, DELETE ON market.%I FROM luochui_app', name);
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON market.%I FOR EACH ROW EXECUTE FUNCTION market.refuse_change()', name);
    EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON market.%I FOR EACH STATEMENT EXECUTE FUNCTION market.refuse_change()', name);
  END LOOP;
END
$$;

-- Documents are their owner's. A data room opens them to others, after asking who may read what; so it works with the net off,
-- and content is not to be had by its hash alone.
SELECT market.guard_rows('market.blobs', 'false');
SELECT market.guard_rows('market.documents', 'organisation_id = :me');
SELECT market.guard_rows('market.document_versions',
  'EXISTS (SELECT FROM market.documents d WHERE d.id = document_id AND d.organisation_id = :me)');
SELECT market.guard_rows('market.secrecy_terms', 'venue_id = :me', ':scope <> ''''');
SELECT market.guard_rows('market.secrecy_acceptances', 'organisation_id = :me');
SELECT market.guard_rows('market.document_accesses', 'organisation_id = :me');

-- migrate:down
DROP TABLE market.document_accesses;
DROP TABLE market.secrecy_acceptances;
DROP TABLE market.secrecy_terms;
DROP TABLE market.document_versions;
DROP TABLE market.documents;
DROP TABLE market.blobs;
