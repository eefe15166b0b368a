-- migrate:up
-- What also has a consignment under way checked again: an alert about a right, or about the bank as a whole (MON-02),
-- a claim of which its funds must hear and the word to them (ELG-29), word to the parties (ELG-21), and a mark that its
-- bank enters later and that may belong to a bundle (ELG-09).
CREATE OR REPLACE FUNCTION market.recheck_of_alert() RETURNS trigger LANGUAGE plpgsql SET app.scope = 'all' AS $$
BEGIN
  PERFORM market.ask_for('recheck_consignment', c.id) FROM market.consignments c
    WHERE c.state IN ('submitted', 'under_review', 'accepted', 'disposing', 'unsold')
      AND (c.case_id = NEW.case_id
           OR (NEW.asset_id IS NOT NULL AND EXISTS (SELECT FROM market.consignment_assets a
                                                     WHERE a.consignment_id = c.id AND a.asset_id = NEW.asset_id AND a.is_open))
           OR (NEW.code = 'MON-02' AND NEW.case_id IS NULL AND NEW.asset_id IS NULL
               AND c.organisation_id = NEW.organisation_id));
  RETURN NULL;
END
$$;

CREATE FUNCTION market.recheck_of_claim() RETURNS trigger LANGUAGE plpgsql SET app.scope = 'all' AS $$
BEGIN
  PERFORM market.ask_for('recheck_consignment', c.id) FROM market.consignments c
    WHERE c.case_id = NEW.case_id AND c.state IN ('submitted', 'under_review', 'accepted', 'disposing', 'unsold');
  RETURN NULL;
END
$$;
CREATE TRIGGER recheck_of_claim AFTER INSERT OR UPDATE OF state ON market.claims
  FOR EACH ROW EXECUTE FUNCTION market.recheck_of_claim();

CREATE FUNCTION market.recheck_of_word() RETURNS trigger LANGUAGE plpgsql SET app.scope = 'all' AS $$
DECLARE
  told uuid := coalesce((to_jsonb(NEW) ->> 'consignment_id')::uuid,
                        (SELECT consignment_id FROM market.lots WHERE id = (to_jsonb(NEW) ->> 'lot_id')::uuid));
BEGIN
  PERFORM market.ask_for('recheck_consignment', c.id) FROM market.consignments c
    WHERE c.id = told AND c.state IN ('submitted', 'under_review', 'accepted', 'disposing', 'unsold');
  RETURN NULL;
END
$$;
CREATE TRIGGER recheck_of_word AFTER INSERT ON market.fund_notices FOR EACH ROW EXECUTE FUNCTION market.recheck_of_word();
CREATE TRIGGER recheck_of_word AFTER INSERT OR UPDATE ON market.party_notices
  FOR EACH ROW EXECUTE FUNCTION market.recheck_of_word();

CREATE FUNCTION market.recheck_of_mark() RETURNS trigger LANGUAGE plpgsql SET app.scope = 'all' AS $$
BEGIN
  PERFORM market.ask_for('recheck_consignment', c.id) FROM market.consignments c
    WHERE c.organisation_id = NEW.organisation_id AND c.state IN ('submitted', 'under_review', 'accepted', 'disposing', 'unsold')
      AND EXISTS (SELECT FROM market.consignment_assets a JOIN market.assets s ON s.id = a.asset_id
                   WHERE a.consignment_id = c.id AND a.is_open AND s.ip_type = NEW.ip_type);
  RETURN NULL;
END
$$;
CREATE TRIGGER recheck_of_mark AFTER INSERT ON market.assets FOR EACH ROW
  WHEN (NEW.ip_type IN ('trademark', 'tm_collective', 'tm_certification')) EXECUTE FUNCTION market.recheck_of_mark();

-- migrate:down
DROP TRIGGER recheck_of_mark ON market.assets;
DROP TRIGGER recheck_of_word ON market.party_notices;
DROP TRIGGER recheck_of_word ON market.fund_notices;
DROP TRIGGER recheck_of_claim ON market.claims;
DROP FUNCTION market.recheck_of_mark;
DROP FUNCTION market.recheck_of_word;
DROP FUNCTION market.recheck_of_claim;
CREATE OR REPLACE FUNCTION market.recheck_of_alert() RETURNS trigger LANGUAGE plpgsql SET app.scope = 'all' AS $$
BEGIN
  PERFORM market.ask_for('recheck_consignment', c.id) FROM market.consignments c
    WHERE c.case_id = NEW.case_id AND c.state IN ('submitted', 'under_review', 'accepted', 'disposing', 'unsold');
  RETURN NULL;
END
$$;
