-- name: organisations
INSERT INTO market.organisations (id, kind, name, created_at)
SELECT id, 'venue', 'Venue ' || n, now() FROM unnest($1::uuid[]) WITH ORDINALITY AS t (id, n);

-- name: user
INSERT INTO market.users (id, organisation_id, username, display_name, roles, created_at)
VALUES ($1, $2, 'bench' || $3, 'Bench', '{}', now());

-- name: settle
-- Statistics and the visibility map, as autovacuum leaves them.
VACUUM ANALYZE market.lots, market.lot_search;

-- name: write_out
-- What was filled goes to the disk now and not while questions are timed.
CHECKPOINT;

-- name: count
SELECT (SELECT count(*) FROM market.lots), (SELECT count(*) FROM market.lot_search);

-- name: at
-- The id that $1 lots come before, counted from the newest.
SELECT id FROM market.lots WHERE published_at IS NOT NULL ORDER BY id DESC OFFSET $1 LIMIT 1;

-- name: matching
-- How many lots hold a word, counted without an index.
SELECT count(*) FROM market.lot_search WHERE strpos(body, $1) > 0;

-- name: newest_matching
-- What a search must find, found without an index.
SELECT array_agg(lot_id ORDER BY lot_id DESC)
  FROM (SELECT lot_id FROM market.lot_search WHERE strpos(body, $1) > 0 ORDER BY lot_id DESC LIMIT $2) AS found;

-- name: sizes
SELECT pg_size_pretty(pg_table_size('market.lots')) AS lots, pg_size_pretty(pg_indexes_size('market.lots')) AS lots_indexes,
       pg_size_pretty(pg_table_size('market.lot_search')) AS search,
       pg_size_pretty(pg_relation_size('market.lot_search_grams')) AS search_index;

-- name: without_triggers
-- Filling by the rows would ask every trigger a million times; what they would write is compared afterwards.
SET session_replication_role = replica;

-- name: with_triggers
SET session_replication_role = origin;

-- name: search_index
SELECT pg_get_indexdef('market.lot_search_grams'::regclass);

-- name: drop_search_index
DROP INDEX market.lot_search_grams;

-- name: more_memory
SET maintenance_work_mem = '512MB';

-- name: unlike_the_trigger
SELECT count(*) FROM (SELECT * FROM market.lot_search ORDER BY lot_id LIMIT 500) s JOIN market.lots l ON l.id = s.lot_id
 WHERE s.body <> market.lot_search_body(l) OR s.status <> l.status OR s.grams <> market.bigrams(s.body);
