-- migrate:up
-- A row beneath a parent is written by the parent's owner alone. The first policies of such tables said "whose parent is visible",
-- so that whoever oversaw the parent, or with whom it was shared to be read, could have changed what stands beneath it had a
-- route forgotten to ask. Acts that reach over organisations say so at the edge (`marketplace/edge/reach.py`).
CREATE FUNCTION market.write_rows(name regclass, own text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  me    CONSTANT text := '(SELECT nullif(current_setting(''app.organisation'', true), '''')::uuid)';
  scope CONSTANT text := '(SELECT current_setting(''app.scope'', true))';
  mine  CONSTANT text := format('(%s = ''all'' OR (%s))', scope, replace(replace(own, ':me', me), ':scope', scope));
BEGIN
  EXECUTE format('ALTER POLICY adding ON %s WITH CHECK %s', name, mine);
  EXECUTE format('ALTER POLICY changing ON %s USING %s', name, mine);
  EXECUTE format('ALTER POLICY removing ON %s USING %s', name, mine);
END
$$;
REVOKE EXECUTE ON FUNCTION market.write_rows FROM PUBLIC, luochui_app;
COMMENT ON FUNCTION market.write_rows IS 'Says anew who writes the rows of a guarded table; who reads them stays as it is.';

SELECT market.write_rows(name::regclass, 'EXISTS (SELECT FROM market.users u WHERE u.id = user_id
         AND (u.organisation_id = :me OR :scope = ''platform''))')
  FROM unnest(ARRAY['market.sessions', 'market.api_keys', 'market.second_factors', 'market.recovery_codes']) AS name;
-- A seat is the base's keeper's, and its expert's own.
SELECT market.write_rows('market.expert_seats', 'EXISTS (SELECT FROM market.experts e WHERE e.id = expert_id AND (e.organisation_id = :me
  OR EXISTS (SELECT FROM market.users u WHERE u.id = e.user_id AND u.organisation_id = :me)))');
SELECT market.write_rows(name::regclass, 'EXISTS (SELECT FROM market.plans p WHERE p.id = plan_id AND :me IN (p.organisation_id, p.venue_id))')
  FROM unnest(ARRAY['market.plan_steps', 'market.plan_changes']) AS name;
SELECT market.write_rows('market.recorded_flows',
  'EXISTS (SELECT FROM market.recorded_routes r WHERE r.id = route_id AND :me IN (r.organisation_id, r.venue_id))');
SELECT market.write_rows('market.mandate_reports',
  'EXISTS (SELECT FROM market.mandates m WHERE m.id = mandate_id AND :me IN (m.organisation_id, m.venue_id))');
SELECT market.write_rows('market.licence_scores', 'EXISTS (SELECT FROM market.licence_applications a
  JOIN market.licence_offers o ON o.id = a.offer_id WHERE a.id = application_id AND :me IN (o.organisation_id, o.venue_id))');
SELECT market.write_rows('market.subscription_hits',
  'EXISTS (SELECT FROM market.search_subscriptions s WHERE s.id = subscription_id AND s.organisation_id = :me)');

-- The books.
SELECT market.write_rows('settlement.entries', 'EXISTS (SELECT FROM settlement.accounts a WHERE a.id = account_id AND a.owner = :me)');
SELECT market.write_rows('settlement.transfers', 'EXISTS (SELECT FROM settlement.entries e JOIN settlement.accounts a ON a.id = e.account_id
  WHERE e.transfer_id = transfers.id AND a.owner = :me)');
SELECT market.write_rows(name::regclass, 'EXISTS (SELECT FROM settlement.accounts a WHERE a.id = source_id AND a.owner = :me)')
  FROM unnest(ARRAY['settlement.holds', 'settlement.payouts']) AS name;
SELECT market.write_rows('settlement.forfeitures', 'EXISTS (SELECT FROM settlement.deposits d JOIN settlement.sales s ON s.lot_id = d.lot_id
  WHERE d.id = deposit_id AND s.venue_id = :me)');
SELECT market.write_rows('settlement.bank_statements',
  'EXISTS (SELECT FROM settlement.bank_files f WHERE f.id = file_id AND f.holder_id = :me)');
SELECT market.write_rows('settlement.bank_decisions',
  'EXISTS (SELECT FROM settlement.bank_entries e WHERE e.id = entry_id AND e.holder_id = :me)');
SELECT market.write_rows('settlement.payment_lines',
  'EXISTS (SELECT FROM settlement.payment_files f WHERE f.id = file_id AND f.holder_id = :me)');
SELECT market.write_rows(name::regclass, format('EXISTS (SELECT FROM settlement.cases c WHERE c.id = %s.case_id AND c.lender_id = :me)',
    split_part(name, '.', 2)))
  FROM unnest(ARRAY['settlement.case_promises', 'settlement.case_reviews', 'settlement.case_steps', 'settlement.case_events',
    'settlement.case_settlements', 'settlement.case_finals', 'settlement.case_charges', 'settlement.clawbacks']) AS name;
SELECT market.write_rows(name::regclass, format('EXISTS (SELECT FROM settlement.licences l WHERE l.id = %s.licence_id AND l.holder_id = :me)',
    split_part(name, '.', 2)))
  FROM unnest(ARRAY['settlement.royalty_invoices', 'settlement.royalty_charges', 'settlement.royalty_receipts']) AS name;
SELECT market.write_rows(name::regclass, format('EXISTS (SELECT FROM settlement.sales s WHERE s.lot_id = %s.lot_id
    AND :me IN (s.venue_id, s.consignor_id))', split_part(name, '.', 2)))
  FROM unnest(ARRAY['settlement.instalments', 'settlement.sale_claims']) AS name;
SELECT market.write_rows('settlement.objections', 'EXISTS (SELECT FROM settlement.plans p JOIN settlement.sales s ON s.lot_id = p.lot_id
  WHERE p.id = plan_id AND :me IN (s.venue_id, s.consignor_id))');
SELECT market.write_rows('settlement.statements',
  'EXISTS (SELECT FROM settlement.sales s WHERE s.lot_id = subject_id AND :me IN (s.venue_id, s.consignor_id))
   OR EXISTS (SELECT FROM settlement.cases c WHERE c.id = subject_id AND c.lender_id = :me)');
SELECT market.write_rows('settlement.papers', 'subject_id = :me
  OR EXISTS (SELECT FROM settlement.licences l WHERE l.id = subject_id AND :me IN (l.holder_id, l.lender_id))
  OR EXISTS (SELECT FROM settlement.cases c WHERE c.id = subject_id AND c.lender_id = :me)');
SELECT market.write_rows('settlement.money_orders',
  'EXISTS (SELECT FROM settlement.sales s WHERE s.lot_id = subject_id AND :me IN (s.venue_id, s.consignor_id))
   OR EXISTS (SELECT FROM settlement.payouts p JOIN settlement.accounts a ON a.id = p.source_id WHERE p.id = subject_id AND a.owner = :me)
   OR EXISTS (SELECT FROM settlement.deposits d JOIN settlement.sales s ON s.lot_id = d.lot_id WHERE d.id = subject_id AND s.venue_id = :me)
   OR EXISTS (SELECT FROM settlement.cases c WHERE c.id = subject_id AND c.lender_id = :me)');

-- An enrolment names no fund: its scheme is a public paper. A fund reads what a bank enrolled under a scheme, and where a breaker
-- tripped, once it has promised on a loan of this bank under this scheme: losses are held against all that was enrolled (domain 5.2).
CREATE FUNCTION settlement.has_promised(p_fund uuid, p_scheme text, p_lender uuid) RETURNS boolean
LANGUAGE sql STABLE SET app.scope = 'all' AS $$
  SELECT EXISTS (SELECT FROM settlement.case_promises p JOIN settlement.cases c ON c.id = p.case_id
                  WHERE p.fund_id = p_fund AND c.scheme_id = p_scheme AND c.lender_id = p_lender)
$$;
COMMENT ON FUNCTION settlement.has_promised IS 'Whether a fund has promised on a loan of this lender under this scheme.';
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['enrolments', 'breaker_trips'] LOOP
    EXECUTE format('ALTER POLICY reading ON settlement.%I USING (
      (SELECT current_setting(''app.scope'', true)) IN (''all'', ''oversight'')
      OR lender_id = (SELECT nullif(current_setting(''app.organisation'', true), '''')::uuid)
      OR ((SELECT current_setting(''app.kind'', true)) = ''fund''
          AND settlement.has_promised((SELECT nullif(current_setting(''app.organisation'', true), '''')::uuid), scheme_id, lender_id)))', name);
  END LOOP;
END
$$;

-- migrate:down
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['enrolments', 'breaker_trips'] LOOP
    EXECUTE format('ALTER POLICY reading ON settlement.%I USING (
      (SELECT current_setting(''app.scope'', true)) IN (''all'', ''oversight'')
      OR lender_id = (SELECT nullif(current_setting(''app.organisation'', true), '''')::uuid)
      OR (SELECT current_setting(''app.kind'', true)) = ''fund'')', name);
  END LOOP;
END
$$;
DROP FUNCTION settlement.has_promised(uuid, text, uuid);
SELECT market.write_rows('settlement.money_orders', 'EXISTS (SELECT FROM settlement.sales s WHERE s.lot_id = subject_id)
  OR EXISTS (SELECT FROM settlement.payouts p WHERE p.id = subject_id)
  OR EXISTS (SELECT FROM settlement.deposits d WHERE d.id = subject_id)
  OR EXISTS (SELECT FROM settlement.cases c WHERE c.id = subject_id)');
SELECT market.write_rows('settlement.papers', 'subject_id = :me OR EXISTS (SELECT FROM settlement.licences l WHERE l.id = subject_id)
  OR EXISTS (SELECT FROM settlement.cases c WHERE c.id = subject_id)');
SELECT market.write_rows('settlement.statements', 'EXISTS (SELECT FROM settlement.sales s WHERE s.lot_id = subject_id)
  OR EXISTS (SELECT FROM settlement.cases c WHERE c.id = subject_id)');
SELECT market.write_rows('settlement.objections', 'EXISTS (SELECT FROM settlement.plans p WHERE p.id = plan_id)');
SELECT market.write_rows(name::regclass, format('EXISTS (SELECT FROM settlement.sales s WHERE s.lot_id = %s.lot_id)', split_part(name, '.', 2)))
  FROM unnest(ARRAY['settlement.instalments', 'settlement.sale_claims']) AS name;
SELECT market.write_rows(name::regclass, format('EXISTS (SELECT FROM settlement.licences l WHERE l.id = %s.licence_id)', split_part(name, '.', 2)))
  FROM unnest(ARRAY['settlement.royalty_invoices', 'settlement.royalty_charges', 'settlement.royalty_receipts']) AS name;
SELECT market.write_rows(name::regclass, format('EXISTS (SELECT FROM settlement.cases c WHERE c.id = %s.case_id)', split_part(name, '.', 2)))
  FROM unnest(ARRAY['settlement.case_promises', 'settlement.case_reviews', 'settlement.case_steps', 'settlement.case_events',
    'settlement.case_settlements', 'settlement.case_finals', 'settlement.case_charges', 'settlement.clawbacks']) AS name;
SELECT market.write_rows('settlement.payment_lines', 'EXISTS (SELECT FROM settlement.payment_files f WHERE f.id = file_id)');
SELECT market.write_rows('settlement.bank_decisions', 'EXISTS (SELECT FROM settlement.bank_entries e WHERE e.id = entry_id)');
SELECT market.write_rows('settlement.bank_statements', 'EXISTS (SELECT FROM settlement.bank_files f WHERE f.id = file_id)');
SELECT market.write_rows('settlement.forfeitures', 'EXISTS (SELECT FROM settlement.deposits d WHERE d.id = deposit_id)');
SELECT market.write_rows('settlement.payouts', 'payee_id = :me OR EXISTS (SELECT FROM settlement.accounts a WHERE a.id = source_id)');
SELECT market.write_rows('settlement.holds', 'EXISTS (SELECT FROM settlement.accounts a WHERE a.id = source_id)');
SELECT market.write_rows('settlement.transfers', 'EXISTS (SELECT FROM settlement.entries e WHERE e.transfer_id = transfers.id)');
SELECT market.write_rows('settlement.entries', 'EXISTS (SELECT FROM settlement.accounts a WHERE a.id = account_id)');
SELECT market.write_rows('market.subscription_hits', 'EXISTS (SELECT FROM market.search_subscriptions s WHERE s.id = subscription_id)');
SELECT market.write_rows('market.licence_scores', 'EXISTS (SELECT FROM market.licence_applications a WHERE a.id = application_id)');
SELECT market.write_rows('market.mandate_reports', 'EXISTS (SELECT FROM market.mandates m WHERE m.id = mandate_id)');
SELECT market.write_rows('market.recorded_flows', 'EXISTS (SELECT FROM market.recorded_routes r WHERE r.id = route_id)');
SELECT market.write_rows(name::regclass, 'EXISTS (SELECT FROM market.plans p WHERE p.id = plan_id)')
  FROM unnest(ARRAY['market.plan_steps', 'market.plan_changes']) AS name;
SELECT market.write_rows('market.expert_seats', 'EXISTS (SELECT FROM market.experts e WHERE e.id = expert_id)');
SELECT market.write_rows(name::regclass, 'EXISTS (SELECT FROM market.users u WHERE u.id = user_id)')
  FROM unnest(ARRAY['market.sessions', 'market.api_keys', 'market.second_factors', 'market.recovery_codes']) AS name;
DROP FUNCTION market.write_rows;
