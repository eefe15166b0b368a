-- migrate:up
-- After the sale (交割): a checklist of every right and every pledge, who does what where, until when, and how it ended.
CREATE TABLE market.transfers (
  lot_id       uuid PRIMARY KEY REFERENCES market.lots,
  venue_id     uuid NOT NULL REFERENCES market.organisations,
  consignor_id uuid NOT NULL REFERENCES market.organisations,
  buyer_id     uuid NOT NULL REFERENCES market.organisations,
  opened_by    uuid NOT NULL REFERENCES market.users,
  opened_at    timestamptz NOT NULL
);
REVOKE UPDATE, DELETE ON market.transfers FROM luochui_app;

CREATE TABLE market.transfer_steps (
  lot_id     uuid NOT NULL REFERENCES market.transfers,
  position   integer NOT NULL CHECK (position > 0),
  kind       text NOT NULL CHECK (kind IN ('recordal', 'pledge_cancellation', 'handover', 'tell_fund')),
  subject_id uuid,  -- the right, or the pledge
  subject    text NOT NULL,
  content    jsonb NOT NULL,  -- where to file, which papers, when the right passes
  due_on     date NOT NULL,
  state      text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'filed', 'done', 'refused')),
  number     text,  -- the office's number of the filing, the record or the refusal
  reason     text,
  done_on    date,
  updated_by uuid REFERENCES market.users,
  updated_at timestamptz,
  PRIMARY KEY (lot_id, position),
  CONSTRAINT refused_says_why CHECK ((state = 'refused') = (reason IS NOT NULL)),
  CONSTRAINT done_has_a_day CHECK ((state = 'done') = (done_on IS NOT NULL))
);
CREATE INDEX transfer_steps_due ON market.transfer_steps (due_on) WHERE state IN ('pending', 'filed', 'refused');
REVOKE DELETE ON market.transfer_steps FROM luochui_app;

SELECT market.guard_rows('market.transfers', 'venue_id = :me OR consignor_id = :me', 'buyer_id = :me');
SELECT market.guard_rows('market.transfer_steps',
  'EXISTS (SELECT FROM market.transfers t WHERE t.lot_id = transfer_steps.lot_id AND (t.venue_id = :me OR t.consignor_id = :me))',
  'EXISTS (SELECT FROM market.transfers t WHERE t.lot_id = transfer_steps.lot_id)');

-- migrate:down
DROP TABLE market.transfer_steps, market.transfers;
