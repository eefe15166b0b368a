-- migrate:up
-- Regulators read what their authority oversees, in their region, and no more (domain 1.4 十二, 7). Beneath the routes' policies
-- (`marketplace/organisations/authorities.py`) every table says which area its rows are of; app.scope is 'authority'.
SET LOCAL app.scope = 'all';
ALTER TABLE market.organisations DROP CONSTRAINT organisations_authority_check;
ALTER TABLE market.organisations ADD CONSTRAINT organisations_authority_check CHECK (authority IN (
  'ip_office', 'copyright', 'financial', 'local_financial', 'fiscal', 'central_bank', 'sme', 'court', 'joint'));
-- A regulator that never said which authority it is saw everything: it stays the joint conference 联席会议 until it says.
UPDATE market.organisations SET authority = 'joint' WHERE kind = 'regulator' AND authority IS NULL;
ALTER TABLE market.organisations ADD CONSTRAINT regulators_have_authority CHECK (kind <> 'regulator' OR authority IS NOT NULL);

CREATE FUNCTION market.covers(authority text, area text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(authority = ANY (CASE area
    WHEN 'loans' THEN ARRAY['joint', 'financial', 'local_financial', 'central_bank']
    WHEN 'returns' THEN ARRAY['joint', 'financial', 'local_financial', 'central_bank', 'ip_office', 'copyright', 'fiscal', 'sme']
    WHEN 'collateral' THEN ARRAY['joint', 'financial', 'local_financial', 'ip_office']
    WHEN 'copyrights' THEN ARRAY['copyright']
    WHEN 'disposal' THEN ARRAY['joint', 'financial', 'local_financial', 'ip_office']
    WHEN 'sales' THEN ARRAY['joint', 'local_financial', 'ip_office']
    WHEN 'court' THEN ARRAY['court']
    WHEN 'funds' THEN ARRAY['joint', 'financial', 'local_financial', 'fiscal']
    WHEN 'alerts' THEN ARRAY['joint', 'financial', 'local_financial', 'ip_office', 'fiscal', 'central_bank']
    WHEN 'white_lists' THEN ARRAY['joint', 'financial', 'local_financial', 'central_bank', 'ip_office', 'copyright', 'fiscal', 'sme']
    WHEN 'decisions' THEN ARRAY['joint', 'financial', 'local_financial', 'fiscal']
  END), false)
$$;
COMMENT ON FUNCTION market.covers IS 'Whether an authority oversees an area at all.';

-- A region is a code by GB/T 2260: what stands before its closing pairs of noughts is common to all that lies in it.
CREATE FUNCTION market.oversees(area text) RETURNS SETOF uuid LANGUAGE sql STABLE SET app.scope = 'all' AS $$
  SELECT o.id
    FROM market.organisations me
    JOIN market.organisations o ON me.region IS NULL OR starts_with(o.region, regexp_replace(me.region, '(00)+$', ''))
   WHERE me.id = nullif(current_setting('app.organisation', true), '')::uuid
     AND me.kind = 'regulator' AND me.is_active AND market.covers(me.authority, area)
     AND o.kind NOT IN ('regulator', 'auditor', 'platform')
$$;
COMMENT ON FUNCTION market.oversees IS 'The organisations in the region of the regulator that works, if its authority covers this area.';

-- Whether the regulator that works oversees this lot: its venue or its consignor is in the region; a court, judicial sales.
CREATE FUNCTION market.oversees_lot(p_lot uuid) RETURNS boolean LANGUAGE sql STABLE SET app.scope = 'all' AS $$
  SELECT EXISTS (SELECT FROM market.lots l WHERE l.id = p_lot AND (
      l.venue_id IN (SELECT market.oversees('sales')) OR l.consignor_id IN (SELECT market.oversees('sales'))
      OR (l.regime = 'judicial_network'
          AND (l.venue_id IN (SELECT market.oversees('court')) OR l.consignor_id IN (SELECT market.oversees('court'))))))
$$;
COMMENT ON FUNCTION market.oversees_lot IS 'Whether the regulator that works oversees this lot.';

-- Policies ask functions rather than each other's tables: a policy that is asked within another is planned with it, each time.
CREATE FUNCTION market.oversees_ended_lot(p_lot uuid) RETURNS boolean LANGUAGE sql STABLE SET app.scope = 'all' AS $$
  SELECT market.oversees_lot(p_lot)
     AND EXISTS (SELECT FROM market.lots l WHERE l.id = p_lot AND l.closes_at < now()
                    AND l.status NOT IN ('published', 'registration', 'open', 'paused'))
$$;
COMMENT ON FUNCTION market.oversees_ended_lot IS 'Whether the regulator that works oversees this lot, and its bidding is over.';
CREATE FUNCTION market.oversees_consignment(p_consignment uuid) RETURNS boolean LANGUAGE sql STABLE SET app.scope = 'all' AS $$
  SELECT EXISTS (SELECT FROM market.consignments c WHERE c.id = p_consignment AND (
      c.organisation_id IN (SELECT market.oversees('disposal'))
      OR (c.regime = 'judicial_network' AND c.organisation_id IN (SELECT market.oversees('court')))))
$$;
COMMENT ON FUNCTION market.oversees_consignment IS 'Whether the regulator that works oversees this consignment.';
CREATE FUNCTION market.oversees_closed_offer(p_offer uuid) RETURNS boolean LANGUAGE sql STABLE SET app.scope = 'all' AS $$
  SELECT EXISTS (SELECT FROM market.licence_offers o
                  WHERE o.id = p_offer AND o.closes_at < now() AND market.oversees_consignment(o.consignment_id))
$$;
COMMENT ON FUNCTION market.oversees_closed_offer IS 'Whether the regulator that works oversees this offer of a licence, and its time is over.';
CREATE FUNCTION market.oversees_valuation(p_valuation uuid) RETURNS boolean LANGUAGE sql STABLE SET app.scope = 'all' AS $$
  SELECT EXISTS (SELECT FROM market.valuations v
                  WHERE v.id = p_valuation AND v.organisation_id IN (SELECT market.oversees('collateral')))
$$;
COMMENT ON FUNCTION market.oversees_valuation IS 'Whether the regulator that works oversees this valuation.';
CREATE FUNCTION market.overseen_funds() RETURNS SETOF uuid LANGUAGE sql STABLE SET app.scope = 'all' AS $$
  SELECT o.id FROM market.organisations o WHERE o.kind = 'fund' AND o.id IN (SELECT market.oversees('funds'))
$$;
COMMENT ON FUNCTION market.overseen_funds IS 'The funds that the regulator that works oversees.';

DO $$
DECLARE
  asked CONSTANT text := '((SELECT current_setting(''app.scope'', true)) = ''authority'' AND (%s))';
  row   record;
BEGIN
  FOR row IN SELECT * FROM (VALUES
    ('market.organisations', 'id IN (SELECT market.oversees(''sales''))'),
    ('market.loan_cases', 'organisation_id IN (SELECT market.oversees(''loans''))'),
    ('market.imports', 'organisation_id IN (SELECT market.oversees(''loans''))'),
    ('market.import_jobs', 'organisation_id IN (SELECT market.oversees(''loans''))'),
    ('market.set_offs', 'organisation_id IN (SELECT market.oversees(''loans''))'),
    ('market.recorded_routes', 'organisation_id IN (SELECT market.oversees(''loans''))'),
    ('market.quarterly_returns', 'submitted_by IS NOT NULL AND organisation_id IN (SELECT market.oversees(''returns''))'),
    ('market.assets', 'organisation_id IN (SELECT market.oversees(''collateral''))
        OR (ip_type IN (''copyright'', ''software_copyright'') AND organisation_id IN (SELECT market.oversees(''copyrights'')))'),
    ('market.pledges', 'organisation_id IN (SELECT market.oversees(''collateral''))'),
    ('market.valuations', 'organisation_id IN (SELECT market.oversees(''collateral''))'),
    ('market.valuation_assets', 'market.oversees_valuation(valuation_id)'),
    ('market.burdens', 'organisation_id IN (SELECT market.oversees(''collateral''))'),
    ('market.asset_packages', 'organisation_id IN (SELECT market.oversees(''collateral''))'),
    ('market.registry_extracts', 'organisation_id IN (SELECT market.oversees(''collateral''))'),
    ('market.registry_enquiries', 'organisation_id IN (SELECT market.oversees(''collateral''))'),
    ('market.consignments', 'organisation_id IN (SELECT market.oversees(''disposal''))
        OR (regime = ''judicial_network'' AND organisation_id IN (SELECT market.oversees(''court'')))'),
    ('market.diligence_runs', 'market.oversees_consignment(consignment_id)'),
    ('market.diligence_overrides', 'market.oversees_consignment(consignment_id)'),
    ('market.plans', 'market.oversees_consignment(consignment_id)'),
    ('market.mandates', 'market.oversees_consignment(consignment_id)'),
    ('market.licence_offers', 'market.oversees_consignment(consignment_id)'),
    -- What is asked for a licence is nobody's to read while it can still be asked for.
    ('market.licence_applications', 'market.oversees_closed_offer(offer_id)'),
    ('market.licence_grants', 'market.oversees_consignment(consignment_id)'),
    ('settlement.licences', 'lender_id IN (SELECT market.oversees(''disposal''))'),
    ('market.documents', 'organisation_id IN (SELECT market.oversees(''disposal''))'),
    ('market.document_versions', 'EXISTS (SELECT FROM market.documents d WHERE d.id = document_id)'),
    ('market.document_accesses', 'EXISTS (SELECT FROM market.documents d WHERE d.id = document_id)'),
    ('market.lots', 'venue_id IN (SELECT market.oversees(''sales'')) OR consignor_id IN (SELECT market.oversees(''sales''))
        OR (regime = ''judicial_network''
            AND (venue_id IN (SELECT market.oversees(''court'')) OR consignor_id IN (SELECT market.oversees(''court''))))'),
    ('market.lot_findings', 'market.oversees_lot(lot_id)'),
    ('market.auction_orders', 'market.oversees_lot(lot_id)'),
    ('market.result_reviews', 'market.oversees_lot(lot_id)'),
    ('market.anomalies', 'market.oversees_lot(lot_id)'),
    ('market.party_notices', 'market.oversees_lot(lot_id)'),
    ('market.lot_consents', 'market.oversees_lot(lot_id)'),
    ('market.transfers', 'market.oversees_lot(lot_id)'),
    ('market.sealed_openings', 'market.oversees_ended_lot(lot_id)'),
    -- Who bids is nobody's to know before the close (18号 art. 18).
    ('market.bidders', 'market.oversees_ended_lot(lot_id)'),
    ('market.experts', 'organisation_id IN (SELECT market.oversees(''sales''))'),
    ('market.expert_draws', 'organisation_id IN (SELECT market.oversees(''sales''))'),
    ('market.expert_standing_draws', 'organisation_id IN (SELECT market.oversees(''sales''))'),
    ('settlement.sales', 'venue_id IN (SELECT market.oversees(''sales'')) OR consignor_id IN (SELECT market.oversees(''sales''))
        OR (market.oversees_lot(lot_id) AND consignor_id IN (SELECT market.oversees(''court'')))'),
    ('settlement.cost_sheets', 'market.oversees_lot(lot_id)'),
    ('settlement.plans', 'market.oversees_lot(lot_id)'),
    ('market.claims', 'organisation_id IN (SELECT market.oversees(''funds'')) OR fund_ids && ARRAY(SELECT market.oversees(''funds''))'),
    ('market.fund_notices', 'organisation_id IN (SELECT market.oversees(''funds'')) OR fund_ids && ARRAY(SELECT market.oversees(''funds''))'),
    ('settlement.enrolments', 'lender_id IN (SELECT market.oversees(''funds''))'),
    ('settlement.breaker_trips', 'lender_id IN (SELECT market.oversees(''funds''))'),
    ('settlement.cases', 'lender_id IN (SELECT market.oversees(''funds''))'),
    ('settlement.accounts', 'owner IN (SELECT market.overseen_funds())'),
    ('market.alerts', 'organisation_id IN (SELECT market.oversees(''alerts''))'),
    ('market.alert_steps', 'EXISTS (SELECT FROM market.alerts a WHERE a.id = alert_id)'),
    ('market.white_lists', 'organisation_id IN (SELECT market.oversees(''white_lists''))'),
    ('market.white_list_pushes', 'organisation_id IN (SELECT market.oversees(''white_lists''))'),
    ('market.white_list_answers', 'organisation_id IN (SELECT market.oversees(''white_lists''))'),
    ('market.approvals', 'organisation_id IN (SELECT market.oversees(''decisions''))'),
    ('market.audit_entries', 'organisation_id IN (SELECT market.oversees(''decisions''))')) AS t (name, own)
  LOOP
    EXECUTE format('CREATE POLICY overseeing ON %s FOR SELECT USING ' || asked, row.name, row.own);
  END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION market.secret_of_lot(lot uuid, OUT reserve_price_fen bigint, OUT profile text, OUT profile_salt text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT l.reserve_price_fen, l.profile, l.profile_salt
    FROM market.lots l
   WHERE l.id = lot
     AND (current_setting('app.scope', true) IN ('all', 'oversight')
          OR (current_setting('app.scope', true) = 'authority' AND market.oversees_lot(l.id))
          OR nullif(current_setting('app.organisation', true), '')::uuid IN (l.venue_id, l.consignor_id))
$$;

-- migrate:down
CREATE OR REPLACE FUNCTION market.secret_of_lot(lot uuid, OUT reserve_price_fen bigint, OUT profile text, OUT profile_salt text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT l.reserve_price_fen, l.profile, l.profile_salt
    FROM market.lots l
   WHERE l.id = lot
     AND (current_setting('app.scope', true) IN ('all', 'oversight')
          OR nullif(current_setting('app.organisation', true), '')::uuid IN (l.venue_id, l.consignor_id))
$$;
DO $$
DECLARE
  found record;
BEGIN
  FOR found IN SELECT schemaname, tablename FROM pg_policies WHERE policyname = 'overseeing' LOOP
    EXECUTE format('DROP POLICY overseeing ON %I.%I', found.schemaname, found.tablename);
  END LOOP;
END
$$;
DROP FUNCTION market.overseen_funds(), market.oversees_valuation(uuid), market.oversees_closed_offer(uuid),
  market.oversees_consignment(uuid), market.oversees_ended_lot(uuid), market.oversees_lot(uuid);
DROP FUNCTION market.oversees(text);
DROP FUNCTION market.covers(text, text);
SET LOCAL app.scope = 'all';
ALTER TABLE market.organisations DROP CONSTRAINT regulators_have_authority, DROP CONSTRAINT organisations_authority_check;
UPDATE market.organisations SET authority = NULL
 WHERE authority NOT IN ('ip_office', 'financial', 'fiscal', 'central_bank');
ALTER TABLE market.organisations ADD CONSTRAINT organisations_authority_check
  CHECK (authority IN ('ip_office', 'financial', 'fiscal', 'central_bank'));
