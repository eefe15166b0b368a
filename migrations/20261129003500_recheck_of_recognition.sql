-- migrate:up
-- A report of another bank that a bank recognises counts for its own sales (ELG-19): taken, or no longer, they are
-- checked again.
CREATE FUNCTION market.recheck_of_recognition() RETURNS trigger LANGUAGE plpgsql SET app.scope = 'all' AS $$
BEGIN
  PERFORM market.ask_for('recheck_consignment', c.id) FROM market.valuation_assets v
    JOIN market.assets theirs ON theirs.id = v.asset_id
    JOIN market.assets own ON own.ip_type = theirs.ip_type AND own.number = theirs.number
                          AND own.organisation_id = NEW.organisation_id
    JOIN market.consignment_assets a ON a.asset_id = own.id AND a.is_open
    JOIN market.consignments c ON c.id = a.consignment_id
   WHERE v.valuation_id = NEW.valuation_id
     AND c.state IN ('submitted', 'under_review', 'accepted', 'disposing', 'unsold');
  RETURN NULL;
END
$$;
CREATE TRIGGER recheck_of_recognition AFTER INSERT OR UPDATE ON market.valuation_recognitions
  FOR EACH ROW EXECUTE FUNCTION market.recheck_of_recognition();

-- migrate:down
DROP TRIGGER recheck_of_recognition ON market.valuation_recognitions;
DROP FUNCTION market.recheck_of_recognition;
