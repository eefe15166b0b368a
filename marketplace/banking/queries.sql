-- name: owed
-- What bidders owe as deposits, buyers as prices, defaulters beyond their deposits and licensees by invoices: at a holder of
-- money ($1), by an organisation ($2), for a lot ($3), and, where $4 says so, only what has no payment reference yet. An invoice
-- paid already is among them, so that the credit which paid it, booked by hand, is known when the statement shows it. A
-- licensee that is not registered has no name to compare: its id is no payer's name, so a person looks at what names its due.
SELECT o.kind, o.subject_id, o.party_id, coalesce(g.name, o.party_id::text) AS party_name, o.holder_id, o.amount_fen
  FROM (SELECT 'DEPOSIT' AS kind, b.lot_id AS subject_id, b.organisation_id AS party_id, l.venue_id AS holder_id, e.entry_fen - coalesce(b.exempt_fen, 0) AS amount_fen
          FROM market.bidders b JOIN market.lots l ON l.id = b.lot_id
         CROSS JOIN LATERAL (SELECT CASE l.format WHEN 'sell_off' THEN l.start_price_fen ELSE l.deposit_fen END AS entry_fen) e
         WHERE b.status <> 'barred' AND e.entry_fen > coalesce(b.exempt_fen, 0)
        UNION ALL
        SELECT 'PRICE', s.lot_id, s.buyer_id, s.venue_id, NULL
          FROM settlement.sales s WHERE s.state IN ('PRICE_DUE', 'PRICE_PAID')
        UNION ALL
        SELECT 'CLAIM', c.lot_id, c.debtor_id, c.holder_id, NULL FROM settlement.buyer_claims c WHERE c.paid_fen < c.amount_fen
        UNION ALL
        SELECT 'ROYALTY', i.id, l.licensee_id, l.holder_id, NULL
          FROM settlement.royalty_invoices i JOIN settlement.licences l ON l.id = i.licence_id) o
  LEFT JOIN market.organisations g ON g.id = o.party_id
 WHERE ($1::uuid IS NULL OR o.holder_id = $1) AND ($2::uuid IS NULL OR o.party_id = $2)
   AND ($3::uuid IS NULL OR o.subject_id = $3)
   AND NOT ($4::boolean AND EXISTS (SELECT FROM settlement.dues d
            WHERE d.kind = o.kind AND coalesce(d.lot_id, d.invoice_id, d.period_id) = o.subject_id AND d.party_id = o.party_id))
 ORDER BY o.subject_id, o.kind, o.party_id;

-- name: bidder_of
SELECT id FROM market.bidders WHERE lot_id = $1 AND organisation_id = $2;

-- name: refunds_due
-- Deposits of a venue's lots that were given back into free money, are still there and are not on their way to their bidders: the
-- latest first, as far as the money goes; what its bidder used again is no longer there.
SELECT d.lot_id, l.number AS lot_number, l.regime, l.refund_working_days, b.id AS bidder_id, g.name AS bidder_name, d.amount_fen, d.closed_at AS released_at
  FROM settlement.deposits_to_return d
  JOIN market.lots l ON l.id = d.lot_id
  JOIN market.bidders b ON b.deposit_id = d.id
  JOIN market.organisations g ON g.id = b.organisation_id
 WHERE d.holder_id = $1
 ORDER BY d.closed_at, d.id;

-- name: free_money
-- Whose free money a holder ($1) has, of one payer ($2) or of all, without the released deposits that go back as such.
SELECT a.owner AS payer_id, coalesce(g.name, a.owner::text) AS payer_name, a.balance_fen - coalesce(d.fen, 0) AS amount_fen
  FROM settlement.accounts a
  LEFT JOIN market.organisations g ON g.id = a.owner
  LEFT JOIN (SELECT d.bidder_id, sum(d.amount_fen)::bigint AS fen FROM settlement.deposits_to_return d WHERE d.holder_id = $1
              GROUP BY d.bidder_id) d ON d.bidder_id = a.owner
 WHERE a.kind = 'client_money' AND a.ref = $1::uuid::text AND a.balance_fen > coalesce(d.fen, 0) AND ($2::uuid IS NULL OR a.owner = $2)
 ORDER BY amount_fen DESC, a.owner;
