-- migrate:up
-- Released deposits that are to be sent back: the latest of each bidder, as far as its free money with the lot's holder goes. What
-- went back before, or was used again as another deposit, is none of them. Source: domain 6.5.
CREATE VIEW settlement.deposits_to_return WITH (security_invoker = true) AS
  SELECT r.id, r.lot_id, r.holder_id, r.bidder_id, r.amount_fen, r.closed_at
    FROM (SELECT d.id, d.lot_id, l.venue_id AS holder_id, d.bidder_id, d.amount_fen, d.closed_at,
                 sum(d.amount_fen) OVER (PARTITION BY l.venue_id, d.bidder_id ORDER BY d.closed_at DESC, d.id DESC) AS up_to_fen
            FROM settlement.deposits d JOIN market.lots l ON l.id = d.lot_id
           WHERE d.state = 'RELEASED'
             AND NOT EXISTS (SELECT FROM settlement.transfers t WHERE t.idempotency_id = 'refund:' || l.venue_id || ':deposit:' || d.id)) r
    JOIN settlement.accounts a ON a.kind = 'client_money' AND a.owner = r.bidder_id AND a.ref = r.holder_id::text
   WHERE r.up_to_fen <= a.balance_fen;

-- migrate:down
DROP VIEW settlement.deposits_to_return;
