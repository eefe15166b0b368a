-- name: plain_tables
CREATE TABLE public.plain_transfers (id uuid PRIMARY KEY, idempotency_id text NOT NULL, content bytea NOT NULL,
  kind text NOT NULL, ref text NOT NULL, entry_count integer NOT NULL, effective_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL);
CREATE TABLE public.plain_entries (transfer_id uuid NOT NULL, account_id bigint NOT NULL, account_version bigint NOT NULL,
  amount_fen bigint NOT NULL, balance_before_fen bigint NOT NULL, balance_after_fen bigint NOT NULL);

-- name: plain_transfers
INSERT INTO public.plain_transfers
SELECT t.id, t.key, sha256(t.key::bytea), 'bench', 'bench', 2, $3, $3 FROM unnest($1::uuid[], $2::text[]) AS t (id, key);

-- name: plain_entries
INSERT INTO public.plain_entries
SELECT t.id, 1 + side, 1, 1 - 2 * side, 0, 1 - 2 * side FROM unnest($1::uuid[]) AS t (id), generate_series(0, 1) AS side;
