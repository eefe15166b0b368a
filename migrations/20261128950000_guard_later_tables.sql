-- migrate:up
-- Tables that were made beside `row_security` get their policies here; what is made later asks for its own with
-- `market.guard_rows`.
SELECT market.guard_rows(name::regclass, format('EXISTS (SELECT FROM settlement.sales s WHERE s.lot_id = %s.lot_id)', split_part(name, '.', 2)))
  FROM unnest(ARRAY['settlement.instalments', 'settlement.sale_claims']) AS name;
SELECT market.guard_rows('settlement.objections', 'EXISTS (SELECT FROM settlement.plans p WHERE p.id = plan_id)');
SELECT market.guard_rows('settlement.money_orders', 'EXISTS (SELECT FROM settlement.sales s WHERE s.lot_id = subject_id)
  OR EXISTS (SELECT FROM settlement.payouts p WHERE p.id = subject_id)
  OR EXISTS (SELECT FROM settlement.deposits d WHERE d.id = subject_id)
  OR EXISTS (SELECT FROM settlement.cases c WHERE c.id = subject_id)');

-- An expert who has an account sees what they are asked for.
SELECT market.guard_rows('market.experts', 'organisation_id = :me', 'EXISTS (SELECT FROM market.users u WHERE u.id = user_id)');
SELECT market.guard_rows('market.expert_seats', 'EXISTS (SELECT FROM market.experts e WHERE e.id = expert_id)');
SELECT market.guard_rows('market.expert_draws', 'organisation_id = :me',
  'EXISTS (SELECT FROM market.expert_seats s WHERE s.draw_id = expert_draws.id)');
SELECT market.guard_rows('market.expert_standing_draws', 'organisation_id = :me',
  'EXISTS (SELECT FROM market.expert_seats s WHERE s.draw_id = expert_standing_draws.draw_id)');

-- What rests on a right is seen by who sees the right for its consignment; what is published says it in the notice.
SELECT market.guard_rows('market.burdens', 'organisation_id = :me',
  'EXISTS (SELECT FROM market.consignment_assets a WHERE a.asset_id = burdens.asset_id)');
SELECT market.guard_rows('market.asset_packages', 'organisation_id = :me');
SELECT market.guard_rows('market.pledge_changes', 'organisation_id = :me',
  'EXISTS (SELECT FROM market.pledges p WHERE p.id = pledge_id)');
SELECT market.guard_rows('market.valuation_recognitions', 'organisation_id = :me',
  'EXISTS (SELECT FROM market.valuations v WHERE v.id = valuation_id)');

SELECT market.guard_rows('market.plans', 'organisation_id = :me OR venue_id = :me');
SELECT market.guard_rows('market.plan_steps', 'EXISTS (SELECT FROM market.plans p WHERE p.id = plan_id)');
SELECT market.guard_rows('market.plan_changes', 'EXISTS (SELECT FROM market.plans p WHERE p.id = plan_id)');
SELECT market.guard_rows('market.set_offs', 'organisation_id = :me OR venue_id = :me');
SELECT market.guard_rows('market.recorded_routes', 'organisation_id = :me OR venue_id = :me');
SELECT market.guard_rows('market.recorded_flows', 'EXISTS (SELECT FROM market.recorded_routes r WHERE r.id = route_id)');
SELECT market.guard_rows('market.collections', 'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id AND l.venue_id = :me)',
  'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id)');
SELECT market.guard_rows('market.collection_offers',
  'EXISTS (SELECT FROM market.bidders b WHERE b.id = bidder_id AND b.organisation_id = :me)',
  'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id AND (l.venue_id = :me OR l.consignor_id = :me))');
SELECT market.guard_rows('market.instalments', 'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id AND l.venue_id = :me)',
  'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id)');
SELECT market.guard_rows('market.repurchases', 'buyer_id = :me',
  'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id AND (l.venue_id = :me OR l.consignor_id = :me))');

SELECT market.guard_rows(name::regclass, 'organisation_id = :me')
  FROM unnest(ARRAY['market.change_heads', 'market.changes', 'market.webhook_endpoints', 'market.webhook_secrets',
    'market.webhook_deliveries', 'market.webhook_attempts']) AS name;
ALTER FUNCTION market.change_has_no_gap() SET app.scope = 'all';
ALTER FUNCTION market.index_lot() SET app.scope = 'all';
ALTER FUNCTION market.lot_search_body(market.lots) SET app.scope = 'all';

-- migrate:down
ALTER FUNCTION market.lot_search_body(market.lots) RESET app.scope;
ALTER FUNCTION market.index_lot() RESET app.scope;
ALTER FUNCTION market.change_has_no_gap() RESET app.scope;
DO $$
DECLARE
  name text;
  policy text;
BEGIN
  FOREACH name IN ARRAY ARRAY['experts', 'expert_draws', 'expert_standing_draws', 'expert_seats', 'burdens', 'asset_packages',
    'pledge_changes', 'valuation_recognitions', 'plans', 'plan_steps', 'plan_changes', 'set_offs', 'recorded_routes',
    'recorded_flows', 'collections', 'collection_offers', 'instalments', 'repurchases', 'change_heads', 'changes',
    'webhook_endpoints', 'webhook_secrets', 'webhook_deliveries', 'webhook_attempts'] LOOP
    FOREACH policy IN ARRAY ARRAY['reading', 'adding', 'changing', 'removing'] LOOP
      EXECUTE format('DROP POLICY %I ON market.%I', policy, name);
    END LOOP;
    EXECUTE format('ALTER TABLE market.%I NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY', name);
  END LOOP;
  FOREACH name IN ARRAY ARRAY['instalments', 'sale_claims', 'objections', 'money_orders'] LOOP
    FOREACH policy IN ARRAY ARRAY['reading', 'adding', 'changing', 'removing'] LOOP
      EXECUTE format('DROP POLICY %I ON settlement.%I', policy, name);
    END LOOP;
    EXECUTE format('ALTER TABLE settlement.%I NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY', name);
  END LOOP;
END
$$;
