-- name: insert_endpoint
INSERT INTO market.webhook_endpoints
  (id, organisation_id, url, description, kinds, state, created_by, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, 'enabled', $6, $7, $7);

-- name: lock_organisation
-- Whoever adds an endpoint waits for who adds one too, so that together they don't add too many.
SELECT pg_advisory_xact_lock(hashtextextended('webhooks:' || $1::uuid::text, 0));

-- name: endpoint
SELECT id, url, description, kinds, state, disabled_reason, created_at, updated_at, version
  FROM market.webhook_endpoints WHERE id = $1 AND organisation_id = $2;

-- name: endpoint_for_update
SELECT id, url, description, kinds, state, disabled_reason, created_at, updated_at, version
  FROM market.webhook_endpoints WHERE id = $1 AND organisation_id = $2 FOR UPDATE;

-- name: endpoints
SELECT id, url, description, kinds, state, disabled_reason, created_at, updated_at, version
  FROM market.webhook_endpoints WHERE organisation_id = $1 ORDER BY id;

-- name: enabled_of
SELECT id, organisation_id, kinds FROM market.webhook_endpoints
 WHERE organisation_id = ANY ($1::uuid[]) AND state = 'enabled' ORDER BY id;

-- name: change_endpoint
UPDATE market.webhook_endpoints
   SET url = $2, description = $3, kinds = $4, state = $5, disabled_reason = $6, updated_at = $7, version = version + 1
 WHERE id = $1;

-- name: disable_endpoint
UPDATE market.webhook_endpoints
   SET state = 'disabled', disabled_reason = $2, updated_at = $3, version = version + 1
 WHERE id = $1 AND state = 'enabled'
RETURNING organisation_id;

-- name: has_succeeded_since
SELECT EXISTS (SELECT 1 FROM market.webhook_deliveries d
                WHERE d.endpoint_id = $1 AND d.state = 'delivered'
                  AND d.ended_at >= (SELECT created_at FROM market.webhook_deliveries WHERE id = $2));

-- name: insert_secret
INSERT INTO market.webhook_secrets (id, organisation_id, endpoint_id, secret, created_at) VALUES ($1, $2, $3, $4, $5);

-- name: retire_secrets
-- The present secret signs on until $2; one that was on its way out before goes at once.
WITH gone AS (DELETE FROM market.webhook_secrets WHERE endpoint_id = $1 AND expires_at IS NOT NULL)
UPDATE market.webhook_secrets SET expires_at = $2 WHERE endpoint_id = $1 AND expires_at IS NULL;

-- name: insert_deliveries
INSERT INTO market.webhook_deliveries (id, organisation_id, endpoint_id, event_id, is_replay, next_attempt_at, created_at)
SELECT d.id, d.organisation_id, d.endpoint_id, d.event_id, $5, $6, $6
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[]) AS d (id, organisation_id, endpoint_id, event_id)
ON CONFLICT DO NOTHING;

-- name: claim_due
-- What is to be sent now, at most $3 messages and $4 of one endpoint, under a lease: a slow receiver holds nobody up.
WITH due AS (
  SELECT d.id, row_number() OVER (PARTITION BY d.endpoint_id ORDER BY d.next_attempt_at, d.id) AS place
    FROM market.webhook_deliveries d
    JOIN market.webhook_endpoints e ON e.id = d.endpoint_id AND e.state = 'enabled'
   WHERE (d.state = 'waiting' AND d.next_attempt_at <= $1) OR (d.state = 'running' AND d.lease_until <= $1)
), taken AS (
  SELECT d.id FROM market.webhook_deliveries d JOIN due ON due.id = d.id AND due.place <= $4
   WHERE (d.state = 'waiting' AND d.next_attempt_at <= $1) OR (d.state = 'running' AND d.lease_until <= $1)
   ORDER BY d.next_attempt_at, d.id
   LIMIT $3
     FOR UPDATE OF d SKIP LOCKED
), claimed AS (
  UPDATE market.webhook_deliveries d SET state = 'running', claims = d.claims + 1, lease_until = $2
    FROM taken WHERE taken.id = d.id
  RETURNING d.id, d.organisation_id, d.endpoint_id, d.event_id, d.attempts, d.claims
)
SELECT c.id, c.organisation_id, c.endpoint_id, c.event_id, c.attempts, c.claims, e.url, o.kind, o.payload::text,
       o.created_at AS occurred_at,
       ARRAY(SELECT s.secret FROM market.webhook_secrets s
              WHERE s.endpoint_id = c.endpoint_id AND (s.expires_at IS NULL OR s.expires_at > $1)
              ORDER BY s.id DESC) AS secrets
  FROM claimed c
  JOIN market.webhook_endpoints e ON e.id = c.endpoint_id
  JOIN market.outbox o ON o.id = c.event_id
 ORDER BY c.id;

-- name: end_delivery
-- Only the latest claim may say what became of it.
UPDATE market.webhook_deliveries
   SET state = $3, attempts = attempts + 1, next_attempt_at = $4, ended_at = $5, lease_until = NULL
 WHERE id = $1 AND claims = $2 AND state = 'running'
RETURNING attempts;

-- name: insert_attempt
INSERT INTO market.webhook_attempts (delivery_id, number, organisation_id, started_at, took_ms, status, error, answer)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: deliveries
SELECT d.id, d.event_id, o.kind, d.is_replay, d.state, d.attempts, d.next_attempt_at, d.created_at, d.ended_at
  FROM market.webhook_deliveries d JOIN market.outbox o ON o.id = d.event_id
 WHERE d.endpoint_id = $1 AND ($2::uuid IS NULL OR d.id < $2)
 ORDER BY d.id DESC LIMIT $3;

-- name: attempts
SELECT delivery_id, number, started_at, took_ms, status, error, answer
  FROM market.webhook_attempts WHERE delivery_id = ANY ($1::uuid[]) ORDER BY delivery_id, number;

-- name: replayable
-- My organisation's events: the one named, or those of a range of positions; of the kinds asked for, if any were.
SELECT event_id FROM market.changes
 WHERE organisation_id = $1
   AND ($2::uuid IS NULL OR event_id = $2)
   AND ($3::bigint IS NULL OR position > $3)
   AND ($4::bigint IS NULL OR position <= $4)
   AND ($6::text[] = '{}' OR kind = ANY ($6))
 ORDER BY position LIMIT $5;

-- name: next_due_at
SELECT min(d.next_attempt_at)
  FROM market.webhook_deliveries d JOIN market.webhook_endpoints e ON e.id = d.endpoint_id AND e.state = 'enabled'
 WHERE d.state = 'waiting';
