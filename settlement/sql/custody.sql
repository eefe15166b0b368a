-- name: lock_holder
SELECT pg_advisory_xact_lock(hashtextextended('custody:' || $1::text, 0));
