-- migrate:up
-- The bid engine's journal, and what is derived from it. The database refuses on its own, whatever a program may do:
-- gaps, forks, batches of an old epoch, a clock that falls, a price that falls, a bid after the end, an id used
-- twice, a changed or deleted row (reliability 3.6 and appendix B).

CREATE FUNCTION engine.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'engine.% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = '55000';
END
$$;

-- The position of the projector, and the epoch that a batch must carry. Locked by whoever writes for the shard.
CREATE TABLE engine.shards (
  shard integer PRIMARY KEY CHECK (shard BETWEEN 0 AND 16383),
  epoch bigint NOT NULL DEFAULT 0 CHECK (epoch >= 0),
  seq bigint NOT NULL DEFAULT 0 CHECK (seq >= 0),
  head text NOT NULL DEFAULT '',
  chain bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex') CHECK (octet_length(chain) = 32),
  seq_or_null bigint GENERATED ALWAYS AS (nullif(seq, 0)) STORED
);

-- The engine's clock when it was last seen to answer: the moment at which a rebuilt shard's auctions stand still.
CREATE TABLE engine.pulse (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  seen_ms bigint NOT NULL
);

CREATE FUNCTION engine.shard_only_advances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.epoch < OLD.epoch OR NEW.seq < OLD.seq OR NEW.shard <> OLD.shard THEN
    RAISE EXCEPTION 'shard % can not go back (epoch % to %, seq % to %)',
      OLD.shard, OLD.epoch, NEW.epoch, OLD.seq, NEW.seq USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER shard_only_advances BEFORE UPDATE ON engine.shards
  FOR EACH ROW EXECUTE FUNCTION engine.shard_only_advances();
CREATE TRIGGER shards_stay BEFORE DELETE OR TRUNCATE ON engine.shards
  FOR EACH STATEMENT EXECUTE FUNCTION engine.refuse_change();

-- Why each epoch began: the audit of the fence.
CREATE TABLE engine.epochs (
  shard integer NOT NULL REFERENCES engine.shards,
  epoch bigint NOT NULL CHECK (epoch > 0),
  reason text NOT NULL,
  journal_seq bigint NOT NULL,
  engine_seq bigint,
  suspended uuid[] NOT NULL DEFAULT '{}',
  begun_at timestamptz NOT NULL,
  PRIMARY KEY (shard, epoch)
);

-- One row a batch, with its bytes as the engine wrote them. The foreign key to the batch before it carries everything
-- that continues, so a fork or a gap has nothing to refer to.
CREATE TABLE engine.batches (
  shard integer NOT NULL REFERENCES engine.shards,
  seq bigint NOT NULL CHECK (seq > 0),
  epoch bigint NOT NULL CHECK (epoch > 0),
  decided_ms bigint NOT NULL CHECK (decided_ms > 0),
  head text NOT NULL CHECK (head ~ '^[0-9a-f]{40}$'),
  chain bytea NOT NULL CHECK (octet_length(chain) = 32),
  header_hash bytea NOT NULL CHECK (octet_length(header_hash) = 32),
  leaf_root bytea NOT NULL CHECK (octet_length(leaf_root) = 32),
  commands_count integer NOT NULL CHECK (commands_count > 0),
  header bytea NOT NULL,
  commands bytea NOT NULL,
  decisions bytea NOT NULL,
  auctions bytea NOT NULL,
  previous_seq bigint GENERATED ALWAYS AS (nullif(seq - 1, 0)) STORED,
  previous_epoch bigint NOT NULL,
  previous_decided_ms bigint NOT NULL,
  previous_head text NOT NULL,
  previous_chain bytea NOT NULL,
  PRIMARY KEY (shard, seq),
  UNIQUE (shard, seq, head, chain),
  UNIQUE (shard, seq, epoch, decided_ms, head, chain),
  CONSTRAINT batch_continues FOREIGN KEY
    (shard, previous_seq, previous_epoch, previous_decided_ms, previous_head, previous_chain)
    REFERENCES engine.batches (shard, seq, epoch, decided_ms, head, chain),
  CONSTRAINT first_batch_continues_nothing CHECK (
    seq > 1 OR (previous_epoch = 0 AND previous_decided_ms = 0 AND previous_head = ''
                AND previous_chain = decode(repeat('00', 32), 'hex'))),
  CONSTRAINT epoch_never_falls CHECK (epoch >= previous_epoch),
  CONSTRAINT clock_never_falls CHECK (decided_ms >= previous_decided_ms),
  CONSTRAINT chain_is_computed CHECK (chain = sha256(previous_chain || header_hash || leaf_root))
);

ALTER TABLE engine.shards ADD CONSTRAINT position_is_a_batch
  FOREIGN KEY (shard, seq_or_null, head, chain) REFERENCES engine.batches (shard, seq, head, chain);

-- A writer of an old epoch can decide, but can't get its batch journalled.
CREATE FUNCTION engine.batch_has_current_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  current_epoch bigint;
BEGIN
  SELECT epoch INTO current_epoch FROM engine.shards WHERE shard = NEW.shard FOR SHARE;
  IF current_epoch IS DISTINCT FROM NEW.epoch THEN
    RAISE EXCEPTION 'batch % of shard % is of epoch %, the shard is in epoch %',
      NEW.seq, NEW.shard, NEW.epoch, current_epoch USING ERRCODE = '40001';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER batch_has_current_epoch BEFORE INSERT ON engine.batches
  FOR EACH ROW EXECUTE FUNCTION engine.batch_has_current_epoch();

-- The public state of each auction as of its last batch. Hidden maxima and the reserve are not in it.
CREATE TABLE engine.auctions (
  auction_id uuid PRIMARY KEY,
  shard integer NOT NULL REFERENCES engine.shards,
  format text NOT NULL,
  profile_hash text NOT NULL CHECK (profile_hash ~ '^[0-9a-f]{64}$'),
  opens_at_ms bigint NOT NULL,
  status text NOT NULL CHECK (status IN ('scheduled', 'open', 'suspended', 'closed', 'cancelled')),
  seq bigint NOT NULL CHECK (seq >= 0),
  price_fen bigint CHECK (price_fen BETWEEN 1 AND 10000000000000),
  leader integer,
  ends_at_ms bigint,
  extensions integer NOT NULL DEFAULT 0,
  -- null while the format hides them
  bids integer,
  bidders integer,
  final boolean NOT NULL DEFAULT false,
  result jsonb,
  batch_seq bigint NOT NULL,
  decided_ms bigint NOT NULL,
  CONSTRAINT final_has_a_result CHECK (final = (result IS NOT NULL)),
  CONSTRAINT final_is_ended CHECK (NOT final OR status IN ('closed', 'cancelled')),
  FOREIGN KEY (shard, batch_seq) REFERENCES engine.batches
);

CREATE FUNCTION engine.auction_only_advances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.auction_id <> OLD.auction_id OR NEW.shard <> OLD.shard OR NEW.profile_hash <> OLD.profile_hash THEN
    RAISE EXCEPTION 'auction %: id, shard and profile are fixed', OLD.auction_id USING ERRCODE = '23514';
  END IF;
  IF NEW.seq < OLD.seq OR NEW.batch_seq <= OLD.batch_seq OR NEW.decided_ms < OLD.decided_ms THEN
    RAISE EXCEPTION 'auction % can not go back', OLD.auction_id USING ERRCODE = '23514';
  END IF;
  IF OLD.final AND (NOT NEW.final OR NEW.result <> OLD.result OR NEW.status <> OLD.status) THEN
    RAISE EXCEPTION 'auction % is final', OLD.auction_id USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER auction_only_advances BEFORE UPDATE ON engine.auctions
  FOR EACH ROW EXECUTE FUNCTION engine.auction_only_advances();
CREATE TRIGGER auctions_stay BEFORE DELETE OR TRUNCATE ON engine.auctions
  FOR EACH STATEMENT EXECUTE FUNCTION engine.refuse_change();

-- Which batches hold commands of an auction: what a replay reads.
CREATE TABLE engine.auction_batches (
  auction_id uuid NOT NULL REFERENCES engine.auctions,
  shard integer NOT NULL,
  batch_seq bigint NOT NULL,
  PRIMARY KEY (auction_id, batch_seq),
  FOREIGN KEY (shard, batch_seq) REFERENCES engine.batches
);

-- Every accepted command. `amount_fen` is null for a hidden maximum: it stands in the journal's bytes alone.
CREATE TABLE engine.bids (
  auction_id uuid NOT NULL REFERENCES engine.auctions,
  -- 0 is the creation; accepted commands count from 1
  seq bigint NOT NULL CHECK (seq >= 0),
  shard integer NOT NULL,
  batch_seq bigint NOT NULL,
  batch_index integer NOT NULL CHECK (batch_index >= 0),
  paddle integer,
  action text NOT NULL,
  amount_fen bigint CHECK (amount_fen BETWEEN 1 AND 10000000000000),
  bid_id text,
  decided_ms bigint NOT NULL,
  at_ms bigint NOT NULL,
  price_after_fen bigint,
  leader_after integer,
  ends_at_after_ms bigint,
  previous_seq bigint GENERATED ALWAYS AS (nullif(seq - 1, -1)) STORED,
  price_key bigint GENERATED ALWAYS AS (coalesce(price_after_fen, 0)) STORED,
  ends_key bigint GENERATED ALWAYS AS (coalesce(ends_at_after_ms, -1)) STORED,
  previous_price_key bigint NOT NULL,
  previous_ends_key bigint NOT NULL,
  PRIMARY KEY (auction_id, seq),
  UNIQUE (auction_id, seq, price_key, ends_key),
  UNIQUE (shard, batch_seq, batch_index),
  FOREIGN KEY (shard, batch_seq) REFERENCES engine.batches,
  CONSTRAINT bid_continues FOREIGN KEY (auction_id, previous_seq, previous_price_key, previous_ends_key)
    REFERENCES engine.bids (auction_id, seq, price_key, ends_key),
  CONSTRAINT first_bid_continues_nothing CHECK (
    (seq = 0) = (action = 'create') AND (seq > 0 OR (previous_price_key = 0 AND previous_ends_key = -1))),
  -- a price may fall only when a disqualified paddle's bids are voided; 0 stands for a price that is not shown
  CONSTRAINT price_never_falls CHECK (
    action = 'disqualify' OR price_key = 0 OR price_key >= previous_price_key),
  CONSTRAINT bid_was_in_time CHECK (
    action NOT IN ('bid', 'proxy', 'accept', 'seal') OR previous_ends_key < 0 OR at_ms < previous_ends_key),
  CONSTRAINT decided_after_ingress CHECK (at_ms <= decided_ms AND decided_ms - at_ms <= 2000),
  CONSTRAINT maxima_stay_hidden CHECK (action <> 'proxy' OR amount_fen IS NULL)
);
CREATE UNIQUE INDEX bid_id_counts_once ON engine.bids (auction_id, paddle, bid_id) WHERE bid_id IS NOT NULL;

-- Every refused command, for the public record.
CREATE TABLE engine.refusals (
  shard integer NOT NULL,
  batch_seq bigint NOT NULL,
  batch_index integer NOT NULL CHECK (batch_index >= 0),
  auction_id uuid NOT NULL REFERENCES engine.auctions,
  paddle integer,
  action text NOT NULL,
  -- as it was sent, where it was an amount at all and not a hidden maximum
  amount_fen numeric,
  bid_id text,
  code text NOT NULL,
  minimum_fen bigint,
  decided_ms bigint NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (shard, batch_seq, batch_index),
  FOREIGN KEY (shard, batch_seq) REFERENCES engine.batches,
  CONSTRAINT refused_maxima_stay_hidden CHECK (action <> 'proxy' OR amount_fen IS NULL)
);
CREATE INDEX refusals_of_auction ON engine.refusals (auction_id, batch_seq, batch_index);

-- The complete nodes of each shard's Merkle tree over the chain values (RFC 6962).
CREATE TABLE engine.tree_nodes (
  shard integer NOT NULL REFERENCES engine.shards,
  level smallint NOT NULL CHECK (level >= 0),
  index bigint NOT NULL CHECK (index >= 0),
  hash bytea NOT NULL CHECK (octet_length(hash) = 32),
  PRIMARY KEY (shard, level, index)
);

CREATE TABLE engine.checkpoints (
  shard integer NOT NULL,
  size bigint NOT NULL,
  root bytea NOT NULL CHECK (octet_length(root) = 32),
  public_key bytea NOT NULL CHECK (octet_length(public_key) = 32),
  note text NOT NULL,
  signed_at timestamptz NOT NULL,
  PRIMARY KEY (shard, size),
  FOREIGN KEY (shard, size) REFERENCES engine.batches (shard, seq)
);

CREATE FUNCTION engine.checkpoint_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM engine.checkpoints WHERE shard = NEW.shard AND size >= NEW.size) THEN
    RAISE EXCEPTION 'shard %: a checkpoint of size % or more is already signed', NEW.shard, NEW.size
      USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER checkpoint_only_grows BEFORE INSERT ON engine.checkpoints
  FOR EACH ROW EXECUTE FUNCTION engine.checkpoint_only_grows();

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['batches', 'bids', 'refusals', 'checkpoints', 'tree_nodes', 'epochs', 'auction_batches'] LOOP
    EXECUTE format(
      'CREATE TRIGGER %I_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON engine.%I '
      'FOR EACH STATEMENT EXECUTE FUNCTION engine.refuse_change()', name, name);
    EXECUTE format('REVOKE UPDATE, DELETE ON engine.%I FROM luochui_app', name);
  END LOOP;
END
$$;
REVOKE DELETE ON engine.shards, engine.auctions FROM luochui_app;

-- migrate:down
ALTER TABLE engine.shards DROP CONSTRAINT position_is_a_batch;
DROP TABLE engine.checkpoints, engine.tree_nodes, engine.refusals, engine.bids, engine.auction_batches,
  engine.auctions, engine.batches, engine.epochs, engine.pulse,
  engine.shards;
DROP FUNCTION engine.checkpoint_only_grows, engine.auction_only_advances, engine.batch_has_current_epoch,
  engine.shard_only_advances, engine.refuse_change;
