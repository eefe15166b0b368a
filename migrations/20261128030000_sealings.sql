-- migrate:up
-- How the bids of a sealed lot are sealed: two public keys, and the canary that proved both private ones (reliability T27).
-- No private key and no sealed amount is ever in here.
CREATE TABLE market.sealings (
  lot_id       uuid PRIMARY KEY REFERENCES market.lots,
  kem          text NOT NULL CHECK (kem IN ('mlkem768-x25519', 'x25519')),
  venue_key    text NOT NULL,
  opener_id    uuid NOT NULL REFERENCES market.organisations,
  opener_key   text,
  -- the rules as they will be published: envelopes are bound to their hash
  profile      text NOT NULL,
  profile_salt text NOT NULL,
  profile_hash text NOT NULL CHECK (profile_hash ~ '^[0-9a-f]{64}$'),
  deadline_ms  bigint NOT NULL CHECK (deadline_ms > 0),
  state        text NOT NULL CHECK (state IN ('proposed', 'keyed', 'peeled', 'proved')),
  canary       text,
  canary_inner text,
  -- what the canary held, once both have opened it; it is nobody's bid
  canary_fen   bigint CHECK (canary_fen BETWEEN 1 AND 10000000000000),
  canary_nonce text,
  proposed_by  uuid NOT NULL REFERENCES market.users,
  proposed_at  timestamptz NOT NULL,
  keyed_by     uuid REFERENCES market.users,
  proved_by    uuid REFERENCES market.users,
  proved_at    timestamptz,
  CONSTRAINT keyed_has_a_canary CHECK ((state = 'proposed') = (num_nonnulls(opener_key, canary, keyed_by) = 0)),
  CONSTRAINT peeled_has_the_inside CHECK ((state IN ('peeled', 'proved')) = (canary_inner IS NOT NULL)),
  CONSTRAINT proved_has_the_amount CHECK (
    (state = 'proved') = (num_nonnulls(canary_fen, canary_nonce, proved_by, proved_at) = 4)),
  CONSTRAINT two_keys CHECK (venue_key <> opener_key)
);
REVOKE DELETE ON market.sealings FROM luochui_app;

-- What was published stays: bidders seal to it.
CREATE FUNCTION market.published_sealing_is_frozen() RETURNS trigger LANGUAGE plpgsql SET app.scope = 'all' AS $$
BEGIN
  IF EXISTS (SELECT FROM market.lots WHERE id = OLD.lot_id AND published_at IS NOT NULL) THEN
    RAISE EXCEPTION 'lot % is published: its sealing is frozen', OLD.lot_id USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER published_sealing_is_frozen BEFORE UPDATE ON market.sealings
  FOR EACH ROW EXECUTE FUNCTION market.published_sealing_is_frozen();

-- The two halves of an opening after the close: what the venue peeled, and what the second opener made of it.
CREATE TABLE market.sealed_openings (
  lot_id       uuid PRIMARY KEY REFERENCES market.sealings,
  request      text NOT NULL,
  requested_by uuid NOT NULL REFERENCES market.users,
  requested_at timestamptz NOT NULL,
  share        text,
  shared_by    uuid REFERENCES market.users,
  shared_at    timestamptz,
  CONSTRAINT shared_whole CHECK (num_nonnulls(share, shared_by, shared_at) IN (0, 3))
);
REVOKE DELETE ON market.sealed_openings FROM luochui_app;

-- migrate:down
DROP TABLE market.sealed_openings, market.sealings;
DROP FUNCTION market.published_sealing_is_frozen();
