-- migrate:up
-- What guarantors, insurers and re-guarantors owe of a claim's loss: confirmed or disputed by two of their own people, and paid
-- (domain 7: confirm liability and cession, payout, subrogation share). What waits for the second person is in market.approvals.
ALTER TABLE market.users DROP CONSTRAINT users_roles_check;
ALTER TABLE market.users ADD CONSTRAINT users_roles_check CHECK (roles <@ ARRAY['bank_maker', 'bank_checker', 'venue_operator',
  'venue_checker', 'agency_bidder', 'fund_administrator', 'fund_checker', 'regulator', 'auditor', 'platform_administrator',
  'risk_bearer', 'risk_checker', 'valuer', 'expert', 'pledgor']);
ALTER TABLE market.approvals DROP CONSTRAINT approvals_kind_check;
ALTER TABLE market.approvals ADD CONSTRAINT approvals_kind_check CHECK (kind IN ('listing', 'price_cut', 'route_change', 'set_off',
  'distribution', 'compensation', 'liability', 'liability_payout', 'user_rights', 'approval_limit'));

CREATE TABLE market.liabilities (
  id              uuid PRIMARY KEY,
  claim_id        uuid NOT NULL REFERENCES market.claims,
  case_id         uuid NOT NULL,
  party           text NOT NULL CHECK (party <> ''),  -- as the claim's scheme names it
  organisation_id uuid NOT NULL REFERENCES market.organisations,
  lender_id       uuid NOT NULL REFERENCES market.organisations,
  state           text NOT NULL CHECK (state IN ('notified', 'confirmed', 'disputed')),
  notified_at     timestamptz NOT NULL,
  answer          bytea,  -- JSON, exactly the bytes to which the second person agreed
  answer_sha256   bytea GENERATED ALWAYS AS (sha256(answer)) STORED,
  asked_by        uuid REFERENCES market.users,
  decided_by      uuid REFERENCES market.users,
  decided_at      timestamptz,
  CONSTRAINT liabilities_answered_whole CHECK (num_nonnulls(answer, asked_by, decided_by, decided_at)
                                               = CASE state WHEN 'notified' THEN 0 ELSE 4 END),
  CONSTRAINT liabilities_two_people CHECK (asked_by <> decided_by),
  UNIQUE (case_id, party)
);
CREATE INDEX liabilities_of_claim ON market.liabilities (claim_id, id);
CREATE INDEX liabilities_of_organisation ON market.liabilities (organisation_id, id);
REVOKE DELETE ON market.liabilities FROM luochui_app;
REVOKE UPDATE ON market.liabilities FROM luochui_app;
GRANT UPDATE (state, answer, asked_by, decided_by, decided_at) ON market.liabilities TO luochui_app;
CREATE TRIGGER liabilities_steps BEFORE UPDATE OF state ON market.liabilities FOR EACH ROW
  EXECUTE FUNCTION market.guard_state('notified confirmed', 'notified disputed', 'disputed confirmed');
CREATE TRIGGER liabilities_confirmed_stay BEFORE UPDATE ON market.liabilities FOR EACH ROW WHEN (OLD.state = 'confirmed')
  EXECUTE FUNCTION market.refuse_change();
CREATE TRIGGER two_people_decided_by BEFORE INSERT OR UPDATE ON market.liabilities FOR EACH ROW
  WHEN (NEW.asked_by IS NOT NULL AND NEW.decided_by IS NOT NULL) EXECUTE FUNCTION market.two_people('asked_by', 'decided_by');

-- Its row is the party's to answer; bank, funds and the other parties of the case read it.
SELECT market.guard_rows('market.liabilities', 'organisation_id = :me', 'lender_id = :me OR settlement.is_party(case_id, :me)');
CREATE POLICY overseeing ON market.liabilities FOR SELECT USING (
  (SELECT current_setting('app.scope', true)) = 'authority' AND lender_id IN (SELECT market.oversees('funds')));

-- A payout that left the party's own account, once for each whom it owes; no money of it is in custody.
CREATE TABLE settlement.liability_payouts (
  id              uuid PRIMARY KEY,
  case_id         uuid NOT NULL REFERENCES settlement.cases,
  party           text NOT NULL,
  to_party        text NOT NULL,
  organisation_id uuid NOT NULL,
  payee_id        uuid NOT NULL,
  amount_fen      bigint NOT NULL CHECK (amount_fen > 0),
  bank_reference  text NOT NULL CHECK (bank_reference <> ''),
  paid_on         date NOT NULL,
  reported_by     uuid NOT NULL,
  confirmed_by    uuid NOT NULL,
  recorded_at     timestamptz NOT NULL,
  CONSTRAINT liability_payouts_once UNIQUE (case_id, party, to_party),
  CONSTRAINT liability_payouts_reference_once UNIQUE (organisation_id, bank_reference),
  CONSTRAINT liability_payouts_two_people CHECK (reported_by <> confirmed_by)
);
CREATE TRIGGER liability_payouts_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement.liability_payouts
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
REVOKE UPDATE, DELETE ON settlement.liability_payouts FROM luochui_app;
CREATE TRIGGER two_people_confirmed_by BEFORE INSERT OR UPDATE ON settlement.liability_payouts FOR EACH ROW
  EXECUTE FUNCTION market.two_people('reported_by', 'confirmed_by');
-- It stands in the books: an act that says that it reaches over organisations writes it (reliability T40).
SELECT market.guard_rows('settlement.liability_payouts', 'organisation_id = :me', 'payee_id = :me OR settlement.is_party(case_id, :me)');
SELECT market.write_rows('settlement.liability_payouts', 'false');
CREATE POLICY overseeing ON settlement.liability_payouts FOR SELECT USING (
  (SELECT current_setting('app.scope', true)) = 'authority' AND EXISTS (SELECT FROM settlement.cases c WHERE c.id = case_id));

-- Nor is a payout, to whom it came or from whom, any other money: a licence's fee, a mandate's income, a recorded route's flow.
CREATE OR REPLACE FUNCTION settlement.guard_credit_v2() RETURNS trigger LANGUAGE plpgsql SET app.scope = 'all' AS $$
DECLARE
  v_reference text := to_jsonb(NEW) ->> TG_ARGV[0];
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('credit ' || v_reference, 0));
  IF EXISTS (
    SELECT FROM settlement.credits c JOIN settlement.credits o ON o.bank_reference = c.bank_reference AND o.id <> c.id
     WHERE c.bank_reference = v_reference AND c.id = NEW.id
       AND ('FLOW' NOT IN (c.kind, o.kind) OR c.holder_id = o.holder_id))
  OR EXISTS (
    SELECT FROM settlement.liability_payouts p JOIN settlement.credits c ON c.bank_reference = p.bank_reference
     WHERE p.bank_reference = v_reference AND (c.holder_id = p.payee_id OR c.payer_id = p.organisation_id)) THEN
    RAISE EXCEPTION 'the credit % is booked as something else', v_reference USING ERRCODE = 'LL011';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER liability_payouts_credit AFTER INSERT ON settlement.liability_payouts
  FOR EACH ROW EXECUTE FUNCTION settlement.guard_credit_v2('bank_reference');

-- Payout notices (代偿通知) and recovery advices (追偿分配通知): the party's and its bank's to read, and who oversees them.
ALTER TABLE settlement.papers DROP CONSTRAINT papers_kind_check;
ALTER TABLE settlement.papers ADD CONSTRAINT papers_kind_check CHECK (kind IN ('royalty', 'application', 'review', 'progress',
  'quarterly', 'bulletin', 'payout_notice', 'recovery_advice'));
CREATE POLICY bearing ON settlement.papers FOR SELECT USING (
  kind IN ('payout_notice', 'recovery_advice')
  AND EXISTS (SELECT FROM market.liabilities l WHERE l.id = subject_id
                 AND ((SELECT current_setting('app.scope', true)) = 'authority'
                      OR (SELECT nullif(current_setting('app.organisation', true), '')::uuid) IN (l.organisation_id, l.lender_id))));

-- The claims that their banks have approved already are told to those who share their loss.
SET LOCAL app.scope = 'all';
INSERT INTO market.liabilities (id, claim_id, case_id, party, organisation_id, lender_id, state, notified_at)
SELECT gen_random_uuid(), c.id, c.case_id, p.party, p.organisation_id, c.organisation_id, 'notified', c.decided_at
  FROM market.claims c JOIN settlement.case_parties p ON p.case_id = c.case_id
 WHERE c.state = 'approved' AND p.role IN ('GUARANTOR', 'INSURER', 'REGUARANTOR');

-- migrate:down
-- What was agreed to, paid or issued on paper is not dropped: while an approval or a paper of these kinds is on record (and every payout
-- in the books has its approval), the narrower checks refuse.
SET LOCAL app.scope = 'all';
DROP POLICY bearing ON settlement.papers;
ALTER TABLE settlement.papers DROP CONSTRAINT papers_kind_check;
ALTER TABLE settlement.papers ADD CONSTRAINT papers_kind_check CHECK (kind IN ('royalty', 'application', 'review', 'progress',
  'quarterly', 'bulletin'));
CREATE OR REPLACE FUNCTION settlement.guard_credit_v2() RETURNS trigger LANGUAGE plpgsql SET app.scope = 'all' AS $$
DECLARE
  v_reference text := to_jsonb(NEW) ->> TG_ARGV[0];
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('credit ' || v_reference, 0));
  IF EXISTS (
    SELECT FROM settlement.credits c JOIN settlement.credits o ON o.bank_reference = c.bank_reference AND o.id <> c.id
     WHERE c.bank_reference = v_reference AND c.id = NEW.id
       AND ('FLOW' NOT IN (c.kind, o.kind) OR c.holder_id = o.holder_id)) THEN
    RAISE EXCEPTION 'the credit % is booked as something else', v_reference USING ERRCODE = 'LL011';
  END IF;
  RETURN NEW;
END
$$;
DROP TABLE settlement.liability_payouts, market.liabilities;
ALTER TABLE market.approvals DROP CONSTRAINT approvals_kind_check;
ALTER TABLE market.approvals ADD CONSTRAINT approvals_kind_check CHECK (kind IN ('listing', 'price_cut', 'route_change', 'set_off',
  'distribution', 'compensation', 'user_rights', 'approval_limit'));
UPDATE market.users SET roles = array(SELECT unnest(roles) EXCEPT SELECT 'risk_checker');
ALTER TABLE market.users DROP CONSTRAINT users_roles_check;
ALTER TABLE market.users ADD CONSTRAINT users_roles_check CHECK (roles <@ ARRAY['bank_maker', 'bank_checker', 'venue_operator',
  'venue_checker', 'agency_bidder', 'fund_administrator', 'fund_checker', 'regulator', 'auditor', 'platform_administrator',
  'risk_bearer', 'valuer', 'expert', 'pledgor']);
