-- migrate:up
-- What becomes of a published notice before the bidding: its listing is extended (延牌) where the notice said so in advance, or what it
-- says changes materially and it is disclosed anew (重新披露). The row comes first; the frozen lot follows it, and nothing else.
-- Source: domain 2.5.
ALTER TABLE market.notices DROP CONSTRAINT notices_kind_check;
ALTER TABLE market.notices ADD CONSTRAINT notices_kind_check CHECK (kind IN (
  'sale', 'suspension', 'resumption', 'withdrawal', 'revocation', 'extension', 'redisclosure'));

CREATE TABLE market.disclosure_changes (
  id                 uuid PRIMARY KEY,
  lot_id             uuid NOT NULL REFERENCES market.lots,
  kind               text NOT NULL CHECK (kind IN ('extension', 'redisclosure')),
  cycle              integer CHECK (cycle > 0),                 -- which extension of how many the notice allows
  state              text NOT NULL CHECK (state IN ('proposed', 'published', 'refused')),
  reason             text NOT NULL CHECK (reason <> ''),
  conditions         jsonb,                                     -- what the notice says from now on
  priority_closes_at timestamptz NOT NULL,
  opens_at           timestamptz NOT NULL,
  closes_at          timestamptz NOT NULL,
  proposed_by        uuid NOT NULL REFERENCES market.users,
  proposed_at        timestamptz NOT NULL,
  decided_by         uuid REFERENCES market.users,
  decided_at         timestamptz,
  profile_hash       text CHECK (profile_hash ~ '^[0-9a-f]{64}$'),
  notice_sha256      text CHECK (notice_sha256 ~ '^[0-9a-f]{64}$'),
  CONSTRAINT times_in_order CHECK (priority_closes_at <= opens_at AND opens_at < closes_at),
  CONSTRAINT extension_counts CHECK ((kind = 'extension') = (cycle IS NOT NULL)),
  CONSTRAINT redisclosure_says_what CHECK ((kind = 'redisclosure') = (conditions IS NOT NULL)),
  CONSTRAINT decided_is_whole CHECK ((state = 'proposed') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
  CONSTRAINT published_is_whole CHECK ((state = 'published') = (profile_hash IS NOT NULL AND notice_sha256 IS NOT NULL))
);
CREATE UNIQUE INDEX disclosure_cycles ON market.disclosure_changes (lot_id, cycle) WHERE kind = 'extension';
CREATE UNIQUE INDEX disclosure_proposed ON market.disclosure_changes (lot_id) WHERE state = 'proposed';
CREATE INDEX disclosure_changes_of_lot ON market.disclosure_changes (lot_id, id);
CREATE TRIGGER two_people_redisclosed BEFORE INSERT OR UPDATE ON market.disclosure_changes FOR EACH ROW
  WHEN (NEW.kind = 'redisclosure' AND NEW.decided_by IS NOT NULL)
  EXECUTE FUNCTION market.two_people('proposed_by', 'decided_by');
REVOKE DELETE ON market.disclosure_changes FROM luochui_app;
SELECT market.guard_rows('market.disclosure_changes',
  'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id AND l.venue_id = :me)',
  'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id AND l.consignor_id = :me) OR (state = ''published'' AND :scope <> '''')');

-- A decided change stays as it was decided.
CREATE FUNCTION market.decided_disclosure_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state <> 'proposed' OR (NEW.lot_id, NEW.kind, NEW.conditions, NEW.opens_at, NEW.closes_at, NEW.proposed_by)
     IS DISTINCT FROM (OLD.lot_id, OLD.kind, OLD.conditions, OLD.opens_at, OLD.closes_at, OLD.proposed_by) THEN
    RAISE EXCEPTION 'this change of a notice is decided, or is not what was proposed' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER decided_disclosure_stays BEFORE UPDATE ON market.disclosure_changes
  FOR EACH ROW EXECUTE FUNCTION market.decided_disclosure_stays();

-- What bidders relied on stays as it was published, but for a published change of the notice before the bidding; prices never change.
CREATE OR REPLACE FUNCTION market.published_lot_is_frozen() RETURNS trigger LANGUAGE plpgsql SET app.scope = 'all' AS $$
BEGIN
  IF OLD.published_at IS NULL THEN
    RETURN NEW;
  END IF;
  IF (NEW.start_price_fen, NEW.reserve_price_fen, NEW.deposit_fen, NEW.regime, NEW.format, NEW.bidding, NEW.published_by,
      NEW.published_at, NEW.payment_hours)
     IS DISTINCT FROM
     (OLD.start_price_fen, OLD.reserve_price_fen, OLD.deposit_fen, OLD.regime, OLD.format, OLD.bidding, OLD.published_by,
      OLD.published_at, OLD.payment_hours)
     OR (
       (NEW.profile, NEW.profile_salt, NEW.profile_hash, NEW.notice_sha256, NEW.opens_at, NEW.closes_at, NEW.conditions)
       IS DISTINCT FROM
       (OLD.profile, OLD.profile_salt, OLD.profile_hash, OLD.notice_sha256, OLD.opens_at, OLD.closes_at, OLD.conditions)
       AND NOT ((OLD.status IN ('published', 'registration') OR (OLD.status = 'open' AND OLD.format = 'collection')) AND EXISTS (
         SELECT FROM market.disclosure_changes c
          WHERE c.lot_id = NEW.id AND c.state = 'published' AND c.profile_hash = NEW.profile_hash
            AND c.opens_at = NEW.opens_at AND c.closes_at = NEW.closes_at AND c.notice_sha256 = NEW.notice_sha256
            AND c.decided_at = NEW.updated_at
            AND coalesce(c.conditions, OLD.conditions) = NEW.conditions
            AND (c.kind = 'redisclosure' OR NEW.notice_sha256 = OLD.notice_sha256)))) THEN
    RAISE EXCEPTION 'lot % is published: its terms are frozen', OLD.number USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END
$$;

-- migrate:down
CREATE OR REPLACE FUNCTION market.published_lot_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.published_at IS NOT NULL AND
     (NEW.profile, NEW.profile_salt, NEW.profile_hash, NEW.notice_sha256, NEW.start_price_fen, NEW.reserve_price_fen,
      NEW.deposit_fen, NEW.opens_at, NEW.closes_at, NEW.regime, NEW.format, NEW.bidding, NEW.conditions,
      NEW.published_by, NEW.published_at, NEW.payment_hours)
     IS DISTINCT FROM
     (OLD.profile, OLD.profile_salt, OLD.profile_hash, OLD.notice_sha256, OLD.start_price_fen, OLD.reserve_price_fen,
      OLD.deposit_fen, OLD.opens_at, OLD.closes_at, OLD.regime, OLD.format, OLD.bidding, OLD.conditions,
      OLD.published_by, OLD.published_at, OLD.payment_hours) THEN
    RAISE EXCEPTION 'lot % is published: its terms are frozen', OLD.number USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END
$$;
ALTER FUNCTION market.published_lot_is_frozen() RESET ALL;
DROP TABLE market.disclosure_changes;
DROP FUNCTION market.decided_disclosure_stays();
ALTER TABLE market.notices DROP CONSTRAINT notices_kind_check;
ALTER TABLE market.notices ADD CONSTRAINT notices_kind_check CHECK (kind IN (
  'sale', 'suspension', 'resumption', 'withdrawal', 'revocation'));
