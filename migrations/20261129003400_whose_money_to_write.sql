-- migrate:up
-- Who pays, is paid, bids or bears a loss reads what stands of it in the books and writes none of it: not its deposit, its hold, its
-- payment, its payout, nor its place in a compensation case. What the routes let one organisation write alone is written by that one;
-- the rest by acts that say at the edge that they reach over organisations (`marketplace/edge/reach.py`), by jobs, and by the
-- books' own functions. Source: reliability T40.
SELECT market.write_rows(name::regclass, 'false')
  FROM unnest(ARRAY['settlement.accounts', 'settlement.entries', 'settlement.transfers', 'settlement.holds',
    'settlement.payments_in']) AS name;
-- A sale's money is its venue's to book, whoever consigned the lot.
SELECT market.write_rows(name::regclass, format('EXISTS (SELECT FROM settlement.sales s WHERE s.lot_id = %s.lot_id AND s.venue_id = :me)',
    split_part(name, '.', 2)))
  FROM unnest(ARRAY['settlement.deposits', 'settlement.cost_sheets', 'settlement.instalments']) AS name;
SELECT market.write_rows('settlement.payouts', 'EXISTS (SELECT FROM settlement.accounts a JOIN settlement.sales s ON s.lot_id::text = a.ref
  WHERE a.id = source_id AND s.venue_id = :me)');
SELECT market.write_rows('settlement.money_orders',
  'EXISTS (SELECT FROM settlement.sales s WHERE s.lot_id = subject_id AND :me IN (s.venue_id, s.consignor_id))
   OR EXISTS (SELECT FROM settlement.payouts p JOIN settlement.accounts a ON a.id = p.source_id JOIN settlement.sales s ON s.lot_id::text = a.ref
               WHERE p.id = subject_id AND s.venue_id = :me)
   OR EXISTS (SELECT FROM settlement.deposits d JOIN settlement.sales s ON s.lot_id = d.lot_id WHERE d.id = subject_id AND s.venue_id = :me)
   OR EXISTS (SELECT FROM settlement.cases c WHERE c.id = subject_id AND c.lender_id = :me)');
SELECT market.write_rows('settlement.case_parties', 'EXISTS (SELECT FROM settlement.cases c WHERE c.id = case_id AND c.lender_id = :me)');

-- migrate:down
SELECT market.write_rows('settlement.case_parties', 'organisation_id = :me');
SELECT market.write_rows('settlement.money_orders',
  'EXISTS (SELECT FROM settlement.sales s WHERE s.lot_id = subject_id AND :me IN (s.venue_id, s.consignor_id))
   OR EXISTS (SELECT FROM settlement.payouts p JOIN settlement.accounts a ON a.id = p.source_id WHERE p.id = subject_id AND a.owner = :me)
   OR EXISTS (SELECT FROM settlement.deposits d JOIN settlement.sales s ON s.lot_id = d.lot_id WHERE d.id = subject_id AND s.venue_id = :me)
   OR EXISTS (SELECT FROM settlement.cases c WHERE c.id = subject_id AND c.lender_id = :me)');
SELECT market.write_rows(name::regclass, 'EXISTS (SELECT FROM settlement.accounts a WHERE a.id = source_id AND a.owner = :me)')
  FROM unnest(ARRAY['settlement.holds', 'settlement.payouts']) AS name;
SELECT market.write_rows(name::regclass, format('EXISTS (SELECT FROM settlement.sales s WHERE s.lot_id = %s.lot_id
    AND :me IN (s.venue_id, s.consignor_id))', split_part(name, '.', 2)))
  FROM unnest(ARRAY['settlement.cost_sheets', 'settlement.instalments']) AS name;
SELECT market.write_rows('settlement.payments_in', 'payer_id = :me');
SELECT market.write_rows('settlement.deposits', 'bidder_id = :me');
SELECT market.write_rows('settlement.transfers', 'EXISTS (SELECT FROM settlement.entries e JOIN settlement.accounts a ON a.id = e.account_id
  WHERE e.transfer_id = transfers.id AND a.owner = :me)');
SELECT market.write_rows('settlement.entries', 'EXISTS (SELECT FROM settlement.accounts a WHERE a.id = account_id AND a.owner = :me)');
SELECT market.write_rows('settlement.accounts', 'owner = :me');
