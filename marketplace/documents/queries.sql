-- name: insert
-- A new document, without a version yet.
INSERT INTO market.documents
       (id, organisation_id, subject, subject_id, kind, title, visibility, created_by, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9);

-- name: change
-- What is said of it from now on, if nobody changed it since `version`.
UPDATE market.documents
   SET title = $3, kind = $4, visibility = $5, is_withdrawn = $6, version = version + 1, updated_at = $7
 WHERE id = $1 AND version = $2;

-- name: by_id
SELECT id, organisation_id, subject, subject_id, kind, title, visibility, is_withdrawn, version, created_by, created_at,
       updated_at
  FROM market.documents WHERE id = $1;

-- name: lock
SELECT id FROM market.documents WHERE id = $1 FOR UPDATE;

-- name: of_subject
-- The documents about one thing, oldest first.
SELECT id, organisation_id, subject, subject_id, kind, title, visibility, is_withdrawn, version, created_by, created_at,
       updated_at
  FROM market.documents WHERE subject_id = $1 ORDER BY id;

-- name: kinds_of_case
-- Which kinds of papers are there about a loan, its pledges, their rights and its consignments.
SELECT DISTINCT d.kind
  FROM market.documents d
 WHERE NOT d.is_withdrawn AND EXISTS (SELECT FROM market.document_versions v WHERE v.document_id = d.id)
   AND (d.subject_id = $1
        OR d.subject_id IN (SELECT id FROM market.pledges WHERE case_id = $1)
        OR d.subject_id IN (SELECT a.asset_id FROM market.pledge_assets a JOIN market.pledges p ON p.id = a.pledge_id WHERE p.case_id = $1)
        OR d.subject_id IN (SELECT id FROM market.consignments WHERE case_id = $1));

-- name: of_disposal
-- The documents of a lot, or of a consignment ($2) that has none yet: about it, the loan, the rights, their pledges and valuations.
SELECT d.id, d.organisation_id, d.subject, d.subject_id, d.kind, d.title, d.visibility, d.is_withdrawn, d.version,
       d.created_by, d.created_at, d.updated_at
  FROM market.documents d
  JOIN market.consignments c ON c.id = coalesce((SELECT l.consignment_id FROM market.lots l WHERE l.id = $1), $2)
 WHERE d.organisation_id IN (c.organisation_id, c.venue_id)
   AND (d.subject_id IN ($1, c.id, c.case_id)
        OR d.subject_id IN (SELECT asset_id FROM market.consignment_assets WHERE consignment_id = c.id)
        OR d.subject_id IN (SELECT p.pledge_id FROM market.pledge_assets p
                              JOIN market.consignment_assets a ON a.asset_id = p.asset_id AND a.consignment_id = c.id)
        OR d.subject_id IN (SELECT v.valuation_id FROM market.valuation_assets v
                              JOIN market.consignment_assets a ON a.asset_id = v.asset_id AND a.consignment_id = c.id))
 ORDER BY d.id;

-- name: versions
-- The versions of documents, oldest first.
SELECT v.document_id, v.number, encode(v.sha256, 'hex') AS sha256, b.media_type, length(b.content) AS size, v.given_name,
       v.uploaded_by, v.uploaded_at
  FROM market.document_versions v JOIN market.blobs b ON b.sha256 = v.sha256
 WHERE v.document_id = ANY ($1::uuid[])
 ORDER BY v.document_id, v.number;

-- name: insert_blob
-- What was sent, under its hash; once, however often it is sent.
INSERT INTO market.blobs (sha256, content, media_type, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (sha256) DO NOTHING;

-- name: insert_version
INSERT INTO market.document_versions (document_id, number, sha256, given_name, uploaded_by, uploaded_at)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: content
SELECT content FROM market.blobs WHERE sha256 = decode($1, 'hex');

-- name: insert_access
INSERT INTO market.document_accesses (id, document_id, number, lot_id, organisation_id, user_id, accessed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: accesses
-- Who read a document, or any of a lot's, the newest first.
SELECT id, document_id, number, lot_id, organisation_id, user_id, accessed_at
  FROM market.document_accesses
 WHERE ($1::uuid IS NULL OR document_id = $1) AND ($2::uuid IS NULL OR lot_id = $2) AND ($3::uuid IS NULL OR id < $3)
 ORDER BY id DESC
 LIMIT $4;

-- name: lock_terms
-- One version of a lot's terms at a time.
SELECT pg_advisory_xact_lock(hashtextextended('secrecy_terms:' || $1::uuid::text, 0));

-- name: insert_terms
INSERT INTO market.secrecy_terms (lot_id, number, venue_id, text_zh, text_en, sha256, published_by, published_at)
SELECT $1, count(*) + 1, $2, $3, $4, $5, $6, $7 FROM market.secrecy_terms WHERE lot_id = $1
RETURNING number;

-- name: terms
-- The secrecy terms of a lot as they now stand.
SELECT lot_id, number, text_zh, text_en, encode(sha256, 'hex') AS sha256, published_at
  FROM market.secrecy_terms WHERE lot_id = $1 ORDER BY number DESC LIMIT 1;

-- name: accept
INSERT INTO market.secrecy_acceptances (lot_id, organisation_id, sha256, accepted_by, accepted_at)
VALUES ($1, $2, decode($3, 'hex'), $4, $5)
ON CONFLICT DO NOTHING;

-- name: has_accepted
SELECT EXISTS (SELECT FROM market.secrecy_acceptances WHERE lot_id = $1 AND organisation_id = $2 AND sha256 = decode($3, 'hex'));

-- name: lot_sides
-- Whose a lot is, whether it was published, and whether an organisation takes part in it.
SELECT l.venue_id, l.consignor_id, l.status, l.published_at IS NOT NULL AS is_published,
       EXISTS (SELECT FROM market.bidders b WHERE b.lot_id = l.id AND b.organisation_id = $2 AND b.status <> 'barred')
         AS is_registered, market.oversees_lot(l.id) AS is_overseen
  FROM market.lots l WHERE l.id = $1;
