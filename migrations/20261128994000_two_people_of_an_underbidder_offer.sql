-- migrate:up
-- Who proposes an offer to the underbidder and who consents to it for the bank were kept apart by the account alone.
CREATE TRIGGER two_people_consented_by BEFORE INSERT OR UPDATE ON market.underbidder_offers FOR EACH ROW
  WHEN (NEW.proposed_by IS NOT NULL AND NEW.consented_by IS NOT NULL)
  EXECUTE FUNCTION market.two_people('proposed_by', 'consented_by');

-- migrate:down
DROP TRIGGER two_people_consented_by ON market.underbidder_offers;
