-- migrate:up
-- Row-level security beneath every query (reliability T40): a forgotten condition shows nothing of another organisation.
--
-- Who works is in three settings, made at the edge for one transaction or one borrowed connection (marketplace/edge/reach.py):
--   app.scope         '' or unset: nobody, nothing is seen. 'public': a visitor. 'organisation': people of one organisation.
--                     'platform': the platform's administrators. 'oversight': regulators and auditors, who see every row
--                     and change those of their own organisation alone. 'all': jobs, and acts that reach over organisations.
--   app.organisation  whose people work; app.kind: of what kind it is.
-- Each table has one policy a command: `reading` shows what is one's own and what is shared with one; `adding`, `changing`
-- and `removing` know only what is one's own. They are forced: they bind the tables' owner too. What a policy asks of the
-- settings is asked once a query, not once a row: hence the selects around them; and it is asked first, so that who sees
-- everything pays for no subquery.
-- In what it is given, :me stands for the organisation, :scope and :kind for the settings.
CREATE FUNCTION market.guard_rows(name regclass, own text, shared text DEFAULT 'false') RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  me    CONSTANT text := '(SELECT nullif(current_setting(''app.organisation'', true), '''')::uuid)';
  scope CONSTANT text := '(SELECT current_setting(''app.scope'', true))';
  kind  CONSTANT text := '(SELECT current_setting(''app.kind'', true))';
  mine  CONSTANT text := format('(%s = ''all'' OR (%s))', scope, own);
  asked text[] := ARRAY[
    'ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY',
    format('CREATE POLICY reading ON %%s FOR SELECT USING (%s IN (''all'', ''oversight'') OR (%s) OR (%s))', scope, own, shared),
    'CREATE POLICY adding ON %s FOR INSERT WITH CHECK ' || mine,
    'CREATE POLICY changing ON %s FOR UPDATE USING ' || mine,
    'CREATE POLICY removing ON %s FOR DELETE USING ' || mine];
  one   text;
BEGIN
  FOREACH one IN ARRAY asked LOOP
    EXECUTE format(replace(replace(replace(one, ':me', me), ':scope', scope), ':kind', kind), name);
  END LOOP;
END
$$;
REVOKE EXECUTE ON FUNCTION market.guard_rows FROM PUBLIC, luochui_app;
COMMENT ON FUNCTION market.guard_rows IS 'Forces row-level security on a table: whose a row is, and with whom it is shared to read.';

-- People. Organisations but for bidders' are no secret: notices name venues, consignors and authorities.
SELECT market.guard_rows('market.organisations', 'id = :me OR :scope = ''platform''', 'kind <> ''agency'' AND :scope <> ''''');
SELECT market.guard_rows('market.users', 'organisation_id = :me OR :scope = ''platform''');
SELECT market.guard_rows('market.sessions', 'EXISTS (SELECT FROM market.users u WHERE u.id = user_id)');
SELECT market.guard_rows('market.api_keys', 'EXISTS (SELECT FROM market.users u WHERE u.id = user_id)');
SELECT market.guard_rows('market.idempotency_keys', 'organisation_id = :me');
SELECT market.guard_rows('market.audit_entries', 'organisation_id = :me', ':scope = ''platform''');

-- Consignments are the bank's; the venue sees those that the bank's checker has passed on, and what stands behind them.
SELECT market.guard_rows('market.consignments', 'organisation_id = :me OR (venue_id = :me AND approved_by IS NOT NULL)');
SELECT market.guard_rows('market.consignment_assets',
  'EXISTS (SELECT FROM market.consignments c WHERE c.id = consignment_id AND c.organisation_id = :me)',
  'EXISTS (SELECT FROM market.consignments c WHERE c.id = consignment_id)');
SELECT market.guard_rows('market.claims', 'organisation_id = :me', ':me = ANY (fund_ids)');
SELECT market.guard_rows('market.claim_reviews', 'fund_id = :me', 'EXISTS (SELECT FROM market.claims c WHERE c.id = claim_id)');
SELECT market.guard_rows('market.loan_cases', 'organisation_id = :me',
  'EXISTS (SELECT FROM market.consignments c WHERE c.case_id = loan_cases.id)
   OR EXISTS (SELECT FROM market.claims c WHERE c.case_id = loan_cases.id)');
SELECT market.guard_rows('market.pledges', 'organisation_id = :me', 'EXISTS (SELECT FROM market.loan_cases c WHERE c.id = case_id)');
SELECT market.guard_rows('market.pledge_assets',
  'EXISTS (SELECT FROM market.pledges p WHERE p.id = pledge_id AND p.organisation_id = :me)',
  'EXISTS (SELECT FROM market.pledges p WHERE p.id = pledge_id)');
SELECT market.guard_rows('market.imports', 'organisation_id = :me');
SELECT market.guard_rows('market.quarterly_returns', 'organisation_id = :me', ':me = ANY (recipients) AND submitted_by IS NOT NULL');
SELECT market.guard_rows('market.return_receipts', 'recipient_id = :me',
  'EXISTS (SELECT FROM market.quarterly_returns r WHERE r.id = return_id)');

-- A lot is its venue's, and its consignor's to read; once published it is anybody's to read.
SELECT market.guard_rows('market.lots', 'venue_id = :me', 'consignor_id = :me OR (published_at IS NOT NULL AND :scope <> '''')');
SELECT market.guard_rows('market.lot_assets', 'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id AND l.venue_id = :me)',
  'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id)');
SELECT market.guard_rows('market.lot_findings', 'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id AND l.venue_id = :me)',
  'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id AND l.consignor_id = :me)');
SELECT market.guard_rows('market.notices', 'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id AND l.venue_id = :me)',
  'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id)');
SELECT market.guard_rows('market.assets', 'organisation_id = :me',
  'EXISTS (SELECT FROM market.consignment_assets a WHERE a.asset_id = assets.id)
   OR EXISTS (SELECT FROM market.lot_assets a WHERE a.asset_id = assets.id)');
SELECT market.guard_rows('market.valuations', 'organisation_id = :me',
  'EXISTS (SELECT FROM market.valuation_assets v JOIN market.consignment_assets c ON c.asset_id = v.asset_id
            WHERE v.valuation_id = valuations.id)');
SELECT market.guard_rows('market.valuation_assets',
  'EXISTS (SELECT FROM market.assets a WHERE a.id = asset_id AND a.organisation_id = :me)',
  'EXISTS (SELECT FROM market.consignment_assets a WHERE a.asset_id = valuation_assets.asset_id)');
SELECT market.guard_rows('market.bidders', 'organisation_id = :me',
  'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id AND l.venue_id = :me)');
SELECT market.guard_rows('market.auction_orders', 'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id AND l.venue_id = :me)');
SELECT market.guard_rows('market.sales', 'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id AND l.venue_id = :me)',
  'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id)');
SELECT market.guard_rows('market.confirmations', 'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id AND l.venue_id = :me)',
  'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id)');

-- The books. Their own functions keep them; people see what is theirs.
SELECT market.guard_rows('settlement.sales', 'venue_id = :me', 'buyer_id = :me OR consignor_id = :me');
SELECT market.guard_rows('settlement.cost_sheets', 'EXISTS (SELECT FROM settlement.sales s WHERE s.lot_id = cost_sheets.lot_id
   AND (s.venue_id = :me OR s.consignor_id = :me))');
SELECT market.guard_rows('settlement.plans', 'EXISTS (SELECT FROM settlement.sales s WHERE s.lot_id = plans.lot_id
   AND (s.venue_id = :me OR s.consignor_id = :me))');
-- An account's reference names the lot, the compensation case or (before a colon) the holder whose it is beside its owner.
SELECT market.guard_rows('settlement.accounts', 'owner = :me', 'split_part(ref, '':'', 1) = :me::text
   OR EXISTS (SELECT FROM settlement.sales s WHERE s.lot_id = CASE WHEN ref ~ ''^[0-9a-f-]{36}$'' THEN ref::uuid END
                 AND (s.venue_id = :me OR s.consignor_id = :me))
   OR EXISTS (SELECT FROM settlement.cases c WHERE c.id = CASE WHEN ref ~ ''^[0-9a-f-]{36}$'' THEN ref::uuid END)');
SELECT market.guard_rows('settlement.entries', 'EXISTS (SELECT FROM settlement.accounts a WHERE a.id = account_id)');
SELECT market.guard_rows('settlement.transfers', 'EXISTS (SELECT FROM settlement.entries e WHERE e.transfer_id = transfers.id)');
SELECT market.guard_rows('settlement.holds', 'EXISTS (SELECT FROM settlement.accounts a WHERE a.id = source_id)');
SELECT market.guard_rows('settlement.deposits', 'bidder_id = :me', 'EXISTS (SELECT FROM settlement.sales s
   WHERE s.lot_id = deposits.lot_id AND (s.venue_id = :me OR s.consignor_id = :me))');
SELECT market.guard_rows('settlement.forfeitures', 'EXISTS (SELECT FROM settlement.deposits d WHERE d.id = deposit_id)');
SELECT market.guard_rows('settlement.payments_in', 'payer_id = :me');
SELECT market.guard_rows('settlement.payouts', 'payee_id = :me OR EXISTS (SELECT FROM settlement.accounts a WHERE a.id = source_id)');
SELECT market.guard_rows('settlement.dues', 'holder_id = :me', 'party_id = :me');
SELECT market.guard_rows('settlement.bank_files', 'holder_id = :me');
SELECT market.guard_rows('settlement.bank_statements', 'EXISTS (SELECT FROM settlement.bank_files f WHERE f.id = file_id)');
SELECT market.guard_rows('settlement.bank_entries', 'holder_id = :me');
SELECT market.guard_rows('settlement.bank_decisions', 'EXISTS (SELECT FROM settlement.bank_entries e WHERE e.id = entry_id)');
-- Where to pay a holder is told to whoever owes it something.
SELECT market.guard_rows('settlement.payee_accounts', 'holder_id = :me', 'payee_id = holder_id AND state = ''ACTIVE'' AND :scope <> ''''');
SELECT market.guard_rows('settlement.payment_files', 'holder_id = :me');
SELECT market.guard_rows('settlement.payment_lines', 'EXISTS (SELECT FROM settlement.payment_files f WHERE f.id = file_id)');
-- A compensation case belongs to its lender; its parties and funds see it. Whether one is a party is asked by a function,
-- because two policies that ask each other's tables would ask for ever.
CREATE FUNCTION settlement.is_party(p_case_id uuid, p_organisation_id uuid) RETURNS boolean
LANGUAGE sql STABLE SET app.scope = 'all' AS $$
  SELECT EXISTS (SELECT FROM settlement.case_parties p WHERE p.case_id = p_case_id AND p.organisation_id = p_organisation_id)
      OR EXISTS (SELECT FROM settlement.case_promises p WHERE p.case_id = p_case_id AND p.fund_id = p_organisation_id)
$$;
COMMENT ON FUNCTION settlement.is_party IS 'Whether an organisation bears or pays a part of a compensation case.';
SELECT market.guard_rows('settlement.cases', 'lender_id = :me', 'settlement.is_party(id, :me)');
SELECT market.guard_rows('settlement.case_parties', 'organisation_id = :me',
  'EXISTS (SELECT FROM settlement.cases c WHERE c.id = case_id)');
SELECT market.guard_rows(name::regclass, format('EXISTS (SELECT FROM settlement.cases c WHERE c.id = %s.case_id)', split_part(name, '.', 2)))
  FROM unnest(ARRAY['settlement.case_promises', 'settlement.case_reviews', 'settlement.case_steps', 'settlement.case_events',
    'settlement.case_settlements', 'settlement.case_finals', 'settlement.case_charges', 'settlement.clawbacks']) AS name;
SELECT market.guard_rows('settlement.enrolments', 'lender_id = :me', ':kind = ''fund''');
SELECT market.guard_rows('settlement.breaker_trips', 'lender_id = :me', ':kind = ''fund''');
SELECT market.guard_rows('settlement.licences', 'holder_id = :me', 'lender_id = :me OR licensee_id = :me');
SELECT market.guard_rows(name::regclass, format('EXISTS (SELECT FROM settlement.licences l WHERE l.id = %s.licence_id)', split_part(name, '.', 2)))
  FROM unnest(ARRAY['settlement.royalty_invoices', 'settlement.royalty_charges', 'settlement.royalty_receipts']) AS name;
SELECT market.guard_rows('settlement.statements', 'EXISTS (SELECT FROM settlement.sales s WHERE s.lot_id = subject_id)
  OR EXISTS (SELECT FROM settlement.cases c WHERE c.id = subject_id)');
SELECT market.guard_rows('settlement.papers', 'subject_id = :me OR EXISTS (SELECT FROM settlement.licences l WHERE l.id = subject_id)
  OR EXISTS (SELECT FROM settlement.cases c WHERE c.id = subject_id)');

-- A view would read as its owner, past every policy.
ALTER VIEW market.consigned_cases SET (security_invoker = true);
ALTER VIEW market.consigned_assets SET (security_invoker = true);
ALTER VIEW settlement.payouts_held SET (security_invoker = true);

-- Functions that look at rows of others to keep what is always true: they see everything, whoever works.
ALTER FUNCTION market.chain_audit_entry() SET app.scope = 'all';
ALTER FUNCTION market.suspension_is_a_duty() SET app.scope = 'all';
ALTER FUNCTION settlement.check_header() SET app.scope = 'all';
ALTER FUNCTION settlement.check_entry() SET app.scope = 'all';
ALTER FUNCTION settlement.check_entries() SET app.scope = 'all';
ALTER FUNCTION settlement.post_transfers_v1(uuid[], text[], text[], text[], timestamptz[], integer[], bigint[], bigint[], timestamptz)
  SET app.scope = 'all';

-- migrate:down
ALTER FUNCTION settlement.post_transfers_v1(uuid[], text[], text[], text[], timestamptz[], integer[], bigint[], bigint[], timestamptz)
  RESET app.scope;
ALTER VIEW settlement.payouts_held RESET (security_invoker);
ALTER VIEW market.consigned_assets RESET (security_invoker);
ALTER VIEW market.consigned_cases RESET (security_invoker);
ALTER FUNCTION settlement.check_entries() RESET app.scope;
ALTER FUNCTION settlement.check_entry() RESET app.scope;
ALTER FUNCTION settlement.check_header() RESET app.scope;
ALTER FUNCTION market.suspension_is_a_duty() RESET app.scope;
ALTER FUNCTION market.chain_audit_entry() RESET app.scope;
DO $$
DECLARE
  found record;
BEGIN
  FOR found IN SELECT schemaname, tablename, policyname FROM pg_policies
                WHERE schemaname IN ('market', 'settlement') AND policyname IN ('reading', 'adding', 'changing', 'removing') LOOP
    EXECUTE format('DROP POLICY %I ON %I.%I', found.policyname, found.schemaname, found.tablename);
    EXECUTE format('ALTER TABLE %I.%I NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY', found.schemaname, found.tablename);
  END LOOP;
END
$$;
DROP FUNCTION settlement.is_party;
DROP FUNCTION market.guard_rows;
