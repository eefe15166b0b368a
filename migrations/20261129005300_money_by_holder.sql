-- migrate:up
-- A bidder's free money stands with who holds it: money in the custody of one venue covers no lot of another, whose bank account
-- does not have it. An account of it names its holder (its `ref`); what is booked says in whose custody. Source: domain 6.6.
ALTER TABLE settlement.payments_in ADD COLUMN holder_id uuid;

-- What stood on a bidder's one account goes to its holders, as each entry on it says by the lot, the licence or the refund that it was
-- of, and a payment of nothing yet by the statement that showed it. Where nothing says it, the holder of the last entry that says it, or
-- the venue of the lot that the bidder asked for last. What one holder paid out of another's money is gone: the other has what is left.
CREATE FUNCTION pg_temp.venue_of(p_ref text) RETURNS uuid LANGUAGE sql AS $$
  SELECT coalesce((SELECT s.venue_id FROM settlement.sales s WHERE s.lot_id::text = p_ref), (SELECT l.venue_id FROM market.lots l WHERE l.id::text = p_ref))
$$;
CREATE FUNCTION pg_temp.holder_of(p_transfer settlement.transfers) RETURNS uuid LANGUAGE sql AS $$
  SELECT CASE split_part($1.idempotency_id, ':', 1)
    WHEN 'refund' THEN split_part($1.idempotency_id, ':', 2)::uuid
    WHEN 'by_holder' THEN split_part($1.idempotency_id, ':', 4)::uuid
    WHEN 'in_one' THEN (SELECT a.ref::uuid FROM settlement.accounts a WHERE a.id::text = split_part($1.idempotency_id, ':', 2))
    WHEN 'royalty' THEN (SELECT l.holder_id FROM settlement.licences l WHERE 'licence:' || l.id = $1.ref)
    ELSE coalesce(pg_temp.venue_of(split_part($1.ref, ':', 2)),
      (SELECT e.holder_id FROM settlement.bank_entries e
        WHERE $1.idempotency_id IN ('payment:' || e.bank_reference || ':in', 'payment:' || e.bank_reference || '@' || e.account_number || ':in')
          AND e.state IN ('MATCHED', 'ASSIGNED', 'BOOKED') ORDER BY e.id LIMIT 1),
      (SELECT c.holder_id FROM settlement.buyer_claim_receipts r JOIN settlement.buyer_claims c ON c.lot_id = r.lot_id
        WHERE $1.idempotency_id = 'payment:' || r.bank_reference || ':in')) END
$$;
CREATE FUNCTION pg_temp.account_at(p_owner uuid, p_holder uuid) RETURNS bigint LANGUAGE sql AS $$
  INSERT INTO settlement.accounts (kind, book, may_go_negative, owner, ref, opened_at)
  SELECT a.kind, a.book, a.may_go_negative, a.owner, p_holder::text, now()
    FROM settlement.accounts a WHERE a.kind = 'client_money' AND a.owner = p_owner AND a.ref = ''
  ON CONFLICT DO NOTHING;
  SELECT id FROM settlement.accounts WHERE kind = 'client_money' AND owner = p_owner AND ref = p_holder::text
$$;
SELECT set_config('app.scope', 'all', true);

ALTER TABLE settlement.holds DISABLE TRIGGER holds_terms;
UPDATE settlement.holds h SET source_id = pg_temp.account_at(a.owner, pg_temp.venue_of(d.ref))
  FROM settlement.accounts a, settlement.accounts d
 WHERE a.id = h.source_id AND a.kind = 'client_money' AND a.ref = '' AND d.id = h.held_id AND h.state = 'HELD'
   AND pg_temp.venue_of(d.ref) IS NOT NULL;
ALTER TABLE settlement.holds ENABLE TRIGGER holds_terms;

DO $$
DECLARE
  one record;
  part record;
  v_left bigint;
BEGIN
  FOR one IN SELECT a.id, a.owner, a.version, a.balance_fen FROM settlement.accounts a
              WHERE a.kind = 'client_money' AND a.ref = '' AND a.balance_fen > 0
  LOOP
    v_left := one.balance_fen;
    FOR part IN
      SELECT holder, sum(fen)::bigint AS fen
        FROM (SELECT coalesce(pg_temp.holder_of(t), last_value(pg_temp.holder_of(t)) OVER w,
                              (SELECT l.venue_id FROM market.bidders b JOIN market.lots l ON l.id = b.lot_id
                                WHERE b.organisation_id = one.owner ORDER BY b.id DESC LIMIT 1)) AS holder, e.amount_fen AS fen
                FROM settlement.entries e JOIN settlement.transfers t ON t.id = e.transfer_id
               WHERE e.account_id = one.id
              WINDOW w AS (ORDER BY (pg_temp.holder_of(t) IS NOT NULL), e.account_version
                           ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)) x
       WHERE holder IS NOT NULL GROUP BY holder HAVING sum(fen) > 0 ORDER BY fen DESC, holder
    LOOP
      EXIT WHEN v_left = 0;
      PERFORM settlement.post_move_v1(gen_random_uuid(), 'by_holder:' || one.id || ':' || one.version || ':' || part.holder, 'money_by_holder', 'bidder:' || one.owner, NULL,
        'client_money', one.owner, '', 'client_money', one.owner, part.holder::text, least(part.fen, v_left), now());
      v_left := v_left - least(part.fen, v_left);
    END LOOP;
  END LOOP;
END
$$;

-- migrate:down
SELECT set_config('app.scope', 'all', true);
INSERT INTO settlement.accounts (kind, book, may_go_negative, owner, ref, opened_at)
SELECT DISTINCT ON (owner) kind, book, may_go_negative, owner, '', now() FROM settlement.accounts WHERE kind = 'client_money'
ON CONFLICT DO NOTHING;
ALTER TABLE settlement.holds DISABLE TRIGGER holds_terms;
UPDATE settlement.holds h SET source_id = b.id
  FROM settlement.accounts a, settlement.accounts b
 WHERE a.id = h.source_id AND a.kind = 'client_money' AND a.ref <> '' AND h.state = 'HELD'
   AND b.kind = 'client_money' AND b.owner = a.owner AND b.ref = '';
ALTER TABLE settlement.holds ENABLE TRIGGER holds_terms;
SELECT settlement.post_move_v1(gen_random_uuid(), 'in_one:' || a.id || ':' || a.version, 'money_in_one', 'bidder:' || a.owner, NULL,
         'client_money', a.owner, a.ref, 'client_money', a.owner, '', a.balance_fen, now())
  FROM settlement.accounts a WHERE a.kind = 'client_money' AND a.ref <> '' AND a.balance_fen > 0;
ALTER TABLE settlement.payments_in DROP COLUMN holder_id;
