-- name: schema
-- The lot and its bids as a bidding table is usually kept; HOT updates, so that the lot's row leaves no index behind.
CREATE TABLE bench_lots (
  id integer PRIMARY KEY, price_fen bigint NOT NULL, leader integer NOT NULL, seq bigint NOT NULL,
  start_fen bigint NOT NULL, step_fen bigint NOT NULL, opens_at timestamptz NOT NULL, ends_at timestamptz NOT NULL
) WITH (fillfactor = 10);
CREATE TABLE bench_paddles (
  lot integer NOT NULL, paddle integer NOT NULL, limit_fen bigint, barred boolean NOT NULL, PRIMARY KEY (lot, paddle)
);
CREATE TABLE bench_bids (
  lot integer NOT NULL, paddle integer NOT NULL, bid_id text NOT NULL, seq bigint NOT NULL, amount_fen bigint NOT NULL,
  at timestamptz NOT NULL, PRIMARY KEY (lot, paddle, bid_id)
);

-- name: decide
-- One round trip, and the row is locked for no longer than that and the commit: the fastest form of a row lock a bid.
CREATE FUNCTION bench_bid(a_lot integer, a_paddle integer, an_amount bigint, a_bid_id text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  l bench_lots; p bench_paddles; least bigint; entered timestamptz := clock_timestamp();
BEGIN
  SELECT * INTO p FROM bench_paddles WHERE lot = a_lot AND paddle = a_paddle;
  SELECT * INTO l FROM bench_lots WHERE id = a_lot FOR UPDATE;
  IF p IS NULL OR p.barred OR entered < l.opens_at OR entered >= l.ends_at THEN RETURN -1; END IF;
  IF EXISTS (SELECT FROM bench_bids WHERE lot = a_lot AND paddle = a_paddle AND bid_id = a_bid_id) THEN RETURN -2; END IF;
  least := CASE l.price_fen WHEN 0 THEN l.start_fen ELSE l.price_fen + l.step_fen END;
  IF an_amount = 0 THEN an_amount := least; END IF;
  IF an_amount < least OR (an_amount - l.start_fen) % l.step_fen <> 0 OR an_amount > p.limit_fen OR l.leader = a_paddle THEN
    RETURN -3;
  END IF;
  INSERT INTO bench_bids VALUES (a_lot, a_paddle, a_bid_id, l.seq + 1, an_amount, entered);
  UPDATE bench_lots
     SET price_fen = an_amount, leader = a_paddle, seq = l.seq + 1,
         ends_at = greatest(l.ends_at, entered + interval '5 minutes')
   WHERE id = a_lot;
  RETURN l.seq + 1;
END $$;

-- name: lock
-- The lot's row, locked until the commit, with all that the decision needs, in one trip.
SELECT l.price_fen, l.start_fen, l.step_fen, l.seq, l.leader = $2 AS is_leader, p.limit_fen, p.barred,
       clock_timestamp() >= l.opens_at AND clock_timestamp() < l.ends_at AS is_open,
       EXISTS (SELECT FROM bench_bids b WHERE b.lot = $1 AND b.paddle = $2 AND b.bid_id = $3) AS held
  FROM bench_lots l
  LEFT JOIN bench_paddles p ON p.lot = l.id AND p.paddle = $2
 WHERE l.id = $1
   FOR UPDATE OF l;

-- name: enter
-- Both tables in one trip.
WITH bid AS (INSERT INTO bench_bids VALUES ($1, $2, $3, $4, $5, clock_timestamp()))
UPDATE bench_lots
   SET price_fen = $5, leader = $2, seq = $4, ends_at = greatest(ends_at, clock_timestamp() + interval '5 minutes')
 WHERE id = $1;

-- name: call
SELECT bench_bid($1, $2, 0, $3);

-- name: lot
INSERT INTO bench_lots VALUES ($1, 0, 0, 0, $2, $3, now() - interval '1 second', now() + interval '1 hour');

-- name: paddles
INSERT INTO bench_paddles SELECT $1, n, 10000000000000, false FROM generate_series(1, $2) AS n;

-- name: check
-- Whether a lot's bids are numbered without a gap and rise, and how many there are.
SELECT count(*) AS bids, coalesce(bool_and(seq = number AND amount_fen > coalesce(before, 0)), true) AS rising
  FROM (SELECT seq, amount_fen, row_number() OVER (ORDER BY seq) AS number, lag(amount_fen) OVER (ORDER BY seq) AS before
          FROM bench_bids WHERE lot = $1) AS bids;

-- name: settings
SELECT name, setting FROM pg_settings
 WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'wal_sync_method', 'server_version') ORDER BY name;
