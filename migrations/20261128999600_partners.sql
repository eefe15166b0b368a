-- migrate:up
-- People of guarantors, insurers and re-guarantors (分险机构), of valuers, experts and pledgors: roles, what each may read, and
-- the orders by which a bank asks a valuer for a report (domain 7).
ALTER TABLE market.users DROP CONSTRAINT users_roles_check;
ALTER TABLE market.users ADD CONSTRAINT users_roles_check CHECK (roles <@ ARRAY['bank_maker', 'bank_checker', 'venue_operator',
  'venue_checker', 'agency_bidder', 'fund_administrator', 'fund_checker', 'regulator', 'auditor', 'platform_administrator',
  'risk_bearer', 'valuer', 'expert', 'pledgor']);

-- Who bears a part of a loan's loss reads its claim once the bank has approved it, and with the claim the loan.
CREATE POLICY bearing ON market.claims FOR SELECT USING (
  (SELECT current_setting('app.kind', true)) IN ('guarantor', 'insurer', 'reguarantor') AND state = 'approved'
  AND settlement.is_party(case_id, (SELECT nullif(current_setting('app.organisation', true), '')::uuid)));

-- A pledgor is known by its unified social credit code: in its loans, its pledges and its rights.
CREATE FUNCTION market.my_code() RETURNS text LANGUAGE sql STABLE SET app.scope = 'all' AS $$
  SELECT o.credit_code FROM market.organisations o
   WHERE o.id = nullif(current_setting('app.organisation', true), '')::uuid AND o.kind = 'pledgor' AND o.is_active
$$;
COMMENT ON FUNCTION market.my_code IS 'The credit code of the pledgor that works; NULL for everybody else.';
CREATE FUNCTION market.my_name() RETURNS text LANGUAGE sql STABLE SET app.scope = 'all' AS $$
  SELECT o.name FROM market.organisations o WHERE o.id = nullif(current_setting('app.organisation', true), '')::uuid
$$;
COMMENT ON FUNCTION market.my_name IS 'What the organisation that works is called.';
CREATE FUNCTION market.my_rights() RETURNS SETOF uuid LANGUAGE sql STABLE SET app.scope = 'all' AS $$
  SELECT a.id FROM market.assets a WHERE a.owner_code = (SELECT market.my_code())
   UNION
  SELECT x.asset_id FROM market.pledge_assets x JOIN market.pledges p ON p.id = x.pledge_id
   WHERE p.pledgor_code = (SELECT market.my_code())
$$;
COMMENT ON FUNCTION market.my_rights IS 'The rights that the pledgor that works owns or has pledged.';
CREATE FUNCTION market.my_lots() RETURNS SETOF uuid LANGUAGE sql STABLE SET app.scope = 'all' AS $$
  SELECT x.lot_id FROM market.lot_assets x WHERE x.asset_id IN (SELECT market.my_rights())
   UNION
  SELECT l.id FROM market.lots l JOIN market.consignments c ON c.id = l.consignment_id
    JOIN market.loan_cases k ON k.id = c.case_id
   WHERE k.borrower_code = (SELECT market.my_code())
$$;
COMMENT ON FUNCTION market.my_lots IS 'The lots that sell the rights, or for the debt, of the pledgor that works.';
CREATE INDEX pledges_of_pledgor ON market.pledges (pledgor_code);
CREATE INDEX assets_of_owner ON market.assets (owner_code);
CREATE INDEX cases_of_borrower ON market.loan_cases (borrower_code);
CREATE POLICY pledging ON market.loan_cases FOR SELECT USING (
  (SELECT current_setting('app.kind', true)) = 'pledgor' AND borrower_code = (SELECT market.my_code()));
CREATE POLICY pledging ON market.pledges FOR SELECT USING (
  (SELECT current_setting('app.kind', true)) = 'pledgor' AND pledgor_code = (SELECT market.my_code()));
CREATE POLICY pledging ON market.assets FOR SELECT USING (
  (SELECT current_setting('app.kind', true)) = 'pledgor' AND id IN (SELECT market.my_rights()));
CREATE POLICY pledging ON market.party_notices FOR SELECT USING (
  (SELECT current_setting('app.kind', true)) = 'pledgor' AND lot_id IN (SELECT market.my_lots())
  AND party_name = (SELECT market.my_name()));
CREATE POLICY pledging ON settlement.plans FOR SELECT USING (
  (SELECT current_setting('app.kind', true)) = 'pledgor' AND lot_id IN (SELECT market.my_lots()));
CREATE POLICY pledging ON settlement.statements FOR SELECT USING (
  (SELECT current_setting('app.kind', true)) = 'pledgor' AND kind <> 'clearing' AND subject_id IN (SELECT market.my_lots()));

-- A bank asks a valuer for a report about rights of its own; the valuer hands it in, or declines.
CREATE TABLE market.valuation_orders (
  id              uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES market.organisations,
  valuer_id       uuid NOT NULL REFERENCES market.organisations,
  asset_ids       uuid[] NOT NULL CHECK (cardinality(asset_ids) BETWEEN 1 AND 200),
  purpose         text NOT NULL CHECK (purpose <> ''),
  due_on          date NOT NULL,
  state           text NOT NULL CHECK (state IN ('ordered', 'delivered', 'declined', 'withdrawn')),
  ordered_by      uuid NOT NULL REFERENCES market.users,
  ordered_at      timestamptz NOT NULL,
  reason          text,
  valuation_id    uuid REFERENCES market.valuations,
  ended_by        uuid REFERENCES market.users,
  ended_at        timestamptz,
  CONSTRAINT ended_is_whole CHECK ((state = 'ordered') = (num_nonnulls(ended_by, ended_at) = 0)
                                   AND num_nulls(ended_by, ended_at) IN (0, 2)),
  CONSTRAINT delivered_is_a_valuation CHECK ((state = 'delivered') = (valuation_id IS NOT NULL)),
  CONSTRAINT refused_says_why CHECK ((state IN ('declined', 'withdrawn')) = (reason IS NOT NULL)),
  CONSTRAINT valuer_is_another CHECK (valuer_id <> organisation_id)
);
CREATE INDEX valuation_orders_of_bank ON market.valuation_orders (organisation_id, id);
CREATE INDEX valuation_orders_of_valuer ON market.valuation_orders (valuer_id, id);
REVOKE DELETE ON market.valuation_orders FROM luochui_app;
SELECT market.guard_rows('market.valuation_orders', 'organisation_id = :me OR valuer_id = :me');
CREATE FUNCTION market.my_valued_rights() RETURNS SETOF uuid LANGUAGE sql STABLE SET app.scope = 'all' AS $$
  SELECT unnest(v.asset_ids) FROM market.valuation_orders v
   WHERE v.valuer_id = nullif(current_setting('app.organisation', true), '')::uuid AND v.state IN ('ordered', 'delivered')
$$;
COMMENT ON FUNCTION market.my_valued_rights IS 'The rights about which the valuer that works is, or was, asked for a report.';
CREATE FUNCTION market.my_valuations() RETURNS SETOF uuid LANGUAGE sql STABLE SET app.scope = 'all' AS $$
  SELECT v.valuation_id FROM market.valuation_orders v
   WHERE v.valuer_id = nullif(current_setting('app.organisation', true), '')::uuid AND v.state = 'delivered'
$$;
COMMENT ON FUNCTION market.my_valuations IS 'The valuations that the reports of the valuer that works became.';
CREATE POLICY valuing ON market.assets FOR SELECT USING (
  (SELECT current_setting('app.kind', true)) = 'valuer' AND id IN (SELECT market.my_valued_rights()));
CREATE POLICY valuing ON market.valuations FOR SELECT USING (
  (SELECT current_setting('app.kind', true)) = 'valuer' AND id IN (SELECT market.my_valuations()));

-- migrate:down
SET LOCAL app.scope = 'all';
DROP POLICY valuing ON market.valuations;
DROP POLICY valuing ON market.assets;
DROP FUNCTION market.my_valuations(), market.my_valued_rights();
DROP TABLE market.valuation_orders;
DROP POLICY pledging ON settlement.statements;
DROP POLICY pledging ON settlement.plans;
DROP POLICY pledging ON market.party_notices;
DROP POLICY pledging ON market.assets;
DROP POLICY pledging ON market.pledges;
DROP POLICY pledging ON market.loan_cases;
DROP INDEX market.cases_of_borrower, market.assets_of_owner, market.pledges_of_pledgor;
DROP FUNCTION market.my_lots(), market.my_rights(), market.my_name(), market.my_code();
DROP POLICY bearing ON market.claims;
UPDATE market.users SET roles = array(SELECT unnest(roles) EXCEPT SELECT unnest(ARRAY['risk_bearer', 'valuer', 'expert', 'pledgor']));
ALTER TABLE market.users DROP CONSTRAINT users_roles_check;
ALTER TABLE market.users ADD CONSTRAINT users_roles_check CHECK (roles <@ ARRAY['bank_maker', 'bank_checker', 'venue_operator',
  'venue_checker', 'agency_bidder', 'fund_administrator', 'fund_checker', 'regulator', 'auditor', 'platform_administrator']);
