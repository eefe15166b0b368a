-- migrate:up
-- What looks wrong about a result (异常): found when an auction has ended, before its result is confirmed. A finding
-- holds the confirmation until two people of the venue release it; nothing is cancelled by itself (reliability T29).
CREATE TABLE market.result_reviews (
  lot_id      uuid PRIMARY KEY REFERENCES market.lots,
  venue_id    uuid NOT NULL REFERENCES market.organisations,
  reviewed_at timestamptz NOT NULL,
  lots_seen   integer NOT NULL CHECK (lots_seen >= 0),
  state       text NOT NULL CHECK (state IN ('clear', 'held', 'release_proposed', 'released')),
  proposed_by uuid REFERENCES market.users,
  proposed_at timestamptz,
  reason      text,
  released_by uuid REFERENCES market.users,
  released_at timestamptz,
  CONSTRAINT proposal_is_whole CHECK ((state IN ('clear', 'held')) = (num_nonnulls(proposed_by, proposed_at, reason) = 0)),
  CONSTRAINT release_is_whole CHECK ((state = 'released') = (num_nonnulls(released_by, released_at) = 2)),
  CONSTRAINT released_by_another CHECK (released_by <> proposed_by)
);
REVOKE DELETE ON market.result_reviews FROM luochui_app;

CREATE TABLE market.anomalies (
  id        uuid PRIMARY KEY,
  lot_id    uuid NOT NULL REFERENCES market.result_reviews,
  venue_id  uuid NOT NULL REFERENCES market.organisations,
  bidder_id uuid REFERENCES market.bidders,
  kind      text NOT NULL CHECK (kind ~ '^[a-z][a-z_]*$'),
  score_bp  integer CHECK (score_bp BETWEEN 0 AND 10000),
  detail    jsonb NOT NULL,
  found_at  timestamptz NOT NULL
);
CREATE INDEX anomalies_of_lot ON market.anomalies (lot_id, id);
CREATE INDEX anomalies_of_venue ON market.anomalies (venue_id, id);
REVOKE UPDATE, DELETE ON market.anomalies FROM luochui_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON market.anomalies
  FOR EACH ROW EXECUTE FUNCTION market.refuse_change();

SELECT market.guard_rows('market.result_reviews', 'venue_id = :me');
SELECT market.guard_rows('market.anomalies', 'venue_id = :me');

-- migrate:down
DROP TABLE market.anomalies, market.result_reviews;
