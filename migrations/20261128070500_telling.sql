-- migrate:up
-- What is told to whom around a notice: the parties before it (法释〔2016〕18号 art. 16), bidders and the public after it.
ALTER TABLE market.lots DROP CONSTRAINT lots_status_check;
ALTER TABLE market.lots ADD CONSTRAINT lots_status_check CHECK (status IN (
  'draft', 'checked', 'notified', 'published', 'registration', 'open', 'paused', 'sold', 'unsold', 'withdrawn',
  'awaiting_payment', 'paid', 'transferring', 'done', 'defaulted', 'revoked', 're_auction'));
ALTER TABLE market.lots DROP CONSTRAINT published_is_frozen;
ALTER TABLE market.lots ADD CONSTRAINT published_is_frozen CHECK (
  status IN ('draft', 'checked', 'notified', 'withdrawn')
  OR num_nulls(published_by, published_at, profile, profile_hash, notice_sha256) = 0);
-- The day on which the last party counts as told; the notice may be published three days later.
ALTER TABLE market.lots ADD COLUMN parties_notified_on date;

CREATE TABLE market.party_notices (
  id             uuid PRIMARY KEY,
  lot_id         uuid NOT NULL REFERENCES market.lots,
  party_name     text NOT NULL CHECK (party_name <> ''),
  role           text NOT NULL CHECK (role IN ('pledgor', 'debtor', 'co_owner', 'priority_holder', 'other')),
  method         text NOT NULL CHECK (method <> ''),
  sent_on        date NOT NULL,
  state          text NOT NULL DEFAULT 'sent' CHECK (state IN ('sent', 'received', 'unreachable', 'waived')),
  effective_on   date,
  evidence       text,
  recorded_by    uuid NOT NULL REFERENCES market.users,
  recorded_at    timestamptz NOT NULL,
  UNIQUE (lot_id, party_name, role),
  CONSTRAINT told_has_a_day_and_evidence CHECK ((state = 'sent') = (effective_on IS NULL)
                                                AND (state = 'sent') = (evidence IS NULL))
);

CREATE TABLE market.lot_questions (
  id              uuid PRIMARY KEY,
  lot_id          uuid NOT NULL REFERENCES market.lots,
  organisation_id uuid NOT NULL REFERENCES market.organisations,
  asked_by        uuid NOT NULL REFERENCES market.users,
  question        text NOT NULL CHECK (question <> ''),
  asked_at        timestamptz NOT NULL,
  answer          text,
  answered_by     uuid REFERENCES market.users,
  answered_at     timestamptz,
  CONSTRAINT answered_is_whole CHECK (num_nulls(answer, answered_by, answered_at) IN (0, 3))
);
CREATE INDEX questions_of_lot ON market.lot_questions (lot_id, id);

CREATE TABLE market.viewing_slots (
  id        uuid PRIMARY KEY,
  lot_id    uuid NOT NULL REFERENCES market.lots,
  starts_at timestamptz NOT NULL,
  ends_at   timestamptz NOT NULL CHECK (ends_at > starts_at),
  place     text NOT NULL CHECK (place <> ''),
  places    integer NOT NULL CHECK (places BETWEEN 1 AND 1000)
);
CREATE INDEX viewings_of_lot ON market.viewing_slots (lot_id, starts_at);

CREATE TABLE market.viewing_bookings (
  slot_id         uuid NOT NULL REFERENCES market.viewing_slots,
  organisation_id uuid NOT NULL REFERENCES market.organisations,
  booked_by       uuid NOT NULL REFERENCES market.users,
  booked_at       timestamptz NOT NULL,
  PRIMARY KEY (slot_id, organisation_id)
);

-- Who read which version of the notice, warning by warning (art. 14).
CREATE TABLE market.acknowledgements (
  lot_id          uuid NOT NULL REFERENCES market.lots,
  organisation_id uuid NOT NULL REFERENCES market.organisations,
  notice_sha256   text NOT NULL CHECK (notice_sha256 ~ '^[0-9a-f]{64}$'),
  warnings        integer[] NOT NULL,
  acknowledged_by uuid NOT NULL REFERENCES market.users,
  acknowledged_at timestamptz NOT NULL,
  PRIMARY KEY (lot_id, organisation_id, notice_sha256)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON market.acknowledgements
  FOR EACH ROW EXECUTE FUNCTION market.refuse_change();

CREATE TABLE market.search_subscriptions (
  id              uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES market.organisations,
  name            text NOT NULL CHECK (name <> ''),
  query           text NOT NULL CHECK (query <> ''),
  is_active       boolean NOT NULL DEFAULT true,
  created_by      uuid NOT NULL REFERENCES market.users,
  created_at      timestamptz NOT NULL
);
CREATE INDEX active_subscriptions ON market.search_subscriptions (id) WHERE is_active;
CREATE INDEX subscriptions_of_organisation ON market.search_subscriptions (organisation_id, id);

CREATE TABLE market.subscription_hits (
  subscription_id uuid NOT NULL REFERENCES market.search_subscriptions,
  lot_id          uuid NOT NULL REFERENCES market.lots,
  found_at        timestamptz NOT NULL,
  PRIMARY KEY (subscription_id, lot_id)
);
REVOKE DELETE ON market.party_notices, market.lot_questions, market.viewing_slots, market.viewing_bookings,
  market.acknowledgements, market.search_subscriptions, market.subscription_hits FROM luochui_app;

SELECT market.guard_rows('market.party_notices', 'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id AND l.venue_id = :me)',
  'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id AND l.consignor_id = :me)');
SELECT market.guard_rows('market.lot_questions', 'organisation_id = :me',
  'answered_at IS NOT NULL AND :scope <> '''' OR EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id AND l.venue_id = :me)');
SELECT market.guard_rows('market.viewing_slots', 'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id AND l.venue_id = :me)',
  'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id)');
SELECT market.guard_rows('market.viewing_bookings', 'organisation_id = :me',
  'EXISTS (SELECT FROM market.viewing_slots s JOIN market.lots l ON l.id = s.lot_id WHERE s.id = slot_id AND l.venue_id = :me)');
SELECT market.guard_rows('market.acknowledgements', 'organisation_id = :me',
  'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id AND l.venue_id = :me)');
SELECT market.guard_rows('market.search_subscriptions', 'organisation_id = :me');
SELECT market.guard_rows('market.subscription_hits',
  'EXISTS (SELECT FROM market.search_subscriptions s WHERE s.id = subscription_id)');

-- migrate:down
DROP TABLE market.subscription_hits, market.search_subscriptions, market.acknowledgements, market.viewing_bookings,
  market.viewing_slots, market.lot_questions, market.party_notices;
ALTER TABLE market.lots DROP COLUMN parties_notified_on;
ALTER TABLE market.lots DROP CONSTRAINT published_is_frozen;
ALTER TABLE market.lots ADD CONSTRAINT published_is_frozen CHECK (
  status IN ('draft', 'checked', 'withdrawn')
  OR num_nulls(published_by, published_at, profile, profile_hash, notice_sha256) = 0);
ALTER TABLE market.lots DROP CONSTRAINT lots_status_check;
ALTER TABLE market.lots ADD CONSTRAINT lots_status_check CHECK (status IN (
  'draft', 'checked', 'published', 'registration', 'open', 'paused', 'sold', 'unsold', 'withdrawn', 'awaiting_payment',
  'paid', 'transferring', 'done', 'defaulted'));
