-- migrate:up
-- In how many working days released deposits go back to their bidders' banks, as the notice states it (保证金退还期限); null: the
-- regime's own term. Frozen with the notice, like when the proceeds leave and how long the plan is open. Source: domain 6.5.
ALTER TABLE market.lots ADD COLUMN refund_working_days integer CHECK (refund_working_days BETWEEN 1 AND 30);
GRANT SELECT (refund_working_days) ON market.lots TO luochui_app;
ALTER TABLE market.lots ADD CONSTRAINT refund_term_is_the_laws CHECK (regime <> 'judicial_network' OR published_at IS NULL
  OR refund_working_days IS NULL);

CREATE FUNCTION market.published_terms_are_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.published_at IS NOT NULL AND (NEW.refund_working_days, NEW.release_on, NEW.objection_days)
     IS DISTINCT FROM (OLD.refund_working_days, OLD.release_on, OLD.objection_days) THEN
    RAISE EXCEPTION 'lot % is published: its terms are frozen', OLD.number USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER published_terms_are_frozen BEFORE UPDATE ON market.lots
  FOR EACH ROW EXECUTE FUNCTION market.published_terms_are_frozen();

-- migrate:down
DROP TRIGGER published_terms_are_frozen ON market.lots;
DROP FUNCTION market.published_terms_are_frozen();
ALTER TABLE market.lots DROP CONSTRAINT refund_term_is_the_laws;
ALTER TABLE market.lots DROP COLUMN refund_working_days;
