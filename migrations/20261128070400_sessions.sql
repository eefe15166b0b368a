-- migrate:up
-- Concentrated auctions (集中拍卖): lots in one session, closing one after the other. Source: domain 2.2 (art. 14, 15), 2.8.
CREATE SEQUENCE market.session_numbers;

CREATE TABLE market.auction_sessions (
  id               uuid PRIMARY KEY,
  number           text NOT NULL UNIQUE,
  venue_id         uuid NOT NULL REFERENCES market.organisations,
  title            text NOT NULL CHECK (title <> ''),
  title_zh         text NOT NULL CHECK (title_zh <> ''),
  state            text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'published', 'closed', 'withdrawn')),
  opens_at         timestamptz NOT NULL,
  first_closes_at  timestamptz NOT NULL CHECK (first_closes_at > opens_at),
  stagger_seconds  integer NOT NULL CHECK (stagger_seconds BETWEEN 0 AND 86400),
  drafted_by       uuid NOT NULL REFERENCES market.users,
  published_by     uuid REFERENCES market.users,
  published_at     timestamptz,
  reason           text,
  created_at       timestamptz NOT NULL,
  updated_at       timestamptz NOT NULL,
  CONSTRAINT published_by_another CHECK (published_by <> drafted_by),
  CONSTRAINT what_is_public_was_published CHECK (state IN ('draft', 'withdrawn') OR num_nulls(published_by, published_at) = 0)
);
CREATE INDEX sessions_of_venue ON market.auction_sessions (venue_id, id);

CREATE TABLE market.session_lots (
  session_id uuid NOT NULL REFERENCES market.auction_sessions,
  position   integer NOT NULL CHECK (position > 0),
  lot_id     uuid NOT NULL REFERENCES market.lots,
  case_id    uuid NOT NULL REFERENCES market.loan_cases,
  costs_fen  bigint NOT NULL CHECK (costs_fen BETWEEN 0 AND 10000000000000),
  stopped_at timestamptz,
  PRIMARY KEY (session_id, position),
  UNIQUE (lot_id)
);

-- What is indivisible in use, or loses much of its value when split, is sold in one lot (art. 15).
CREATE TABLE market.session_groups (
  session_id uuid NOT NULL REFERENCES market.auction_sessions,
  n          integer NOT NULL CHECK (n > 0),
  asset_ids  uuid[] NOT NULL CHECK (cardinality(asset_ids) >= 2),
  reason     text NOT NULL CHECK (reason <> ''),
  PRIMARY KEY (session_id, n)
);

-- The debtor agrees that everything is sold although the debt is covered (art. 14).
CREATE TABLE market.session_consents (
  session_id      uuid NOT NULL REFERENCES market.auction_sessions,
  case_id         uuid NOT NULL REFERENCES market.loan_cases,
  document_sha256 text NOT NULL CHECK (document_sha256 ~ '^[0-9a-f]{64}$'),
  recorded_by     uuid NOT NULL REFERENCES market.users,
  recorded_at     timestamptz NOT NULL,
  PRIMARY KEY (session_id, case_id)
);
REVOKE DELETE ON market.auction_sessions, market.session_lots, market.session_groups, market.session_consents FROM luochui_app;

SELECT market.guard_rows('market.auction_sessions', 'venue_id = :me', 'published_at IS NOT NULL AND :scope <> ''''');
SELECT market.guard_rows('market.session_lots',
  'EXISTS (SELECT FROM market.auction_sessions s WHERE s.id = session_id AND s.venue_id = :me)',
  'EXISTS (SELECT FROM market.auction_sessions s WHERE s.id = session_id)');
SELECT market.guard_rows('market.session_groups',
  'EXISTS (SELECT FROM market.auction_sessions s WHERE s.id = session_id AND s.venue_id = :me)',
  'EXISTS (SELECT FROM market.auction_sessions s WHERE s.id = session_id)');
SELECT market.guard_rows('market.session_consents',
  'EXISTS (SELECT FROM market.auction_sessions s WHERE s.id = session_id AND s.venue_id = :me)');

-- migrate:down
DROP TABLE market.session_consents, market.session_groups, market.session_lots, market.auction_sessions;
DROP SEQUENCE market.session_numbers;
