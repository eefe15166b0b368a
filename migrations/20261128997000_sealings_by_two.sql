-- migrate:up
-- Who proposes the venue's key of a sealed lot is nobody who gives, or proves, the second one: two keys are two people's.
ALTER TABLE market.sealings
  ADD CONSTRAINT sealings_two_people CHECK (keyed_by <> proposed_by AND proved_by <> proposed_by);
CREATE TRIGGER two_people_keyed_by BEFORE INSERT OR UPDATE ON market.sealings FOR EACH ROW
  WHEN (NEW.proposed_by IS NOT NULL AND NEW.keyed_by IS NOT NULL)
  EXECUTE FUNCTION market.two_people('proposed_by', 'keyed_by');
CREATE TRIGGER two_people_proved_by BEFORE INSERT OR UPDATE ON market.sealings FOR EACH ROW
  WHEN (NEW.proposed_by IS NOT NULL AND NEW.proved_by IS NOT NULL)
  EXECUTE FUNCTION market.two_people('proposed_by', 'proved_by');

-- Who asked a question is nobody's to read, not the seller's either: the row says it to the database alone.
REVOKE SELECT ON market.lot_questions FROM luochui_app;
GRANT SELECT (id, lot_id, question, asked_at, answer, answered_by, answered_at) ON market.lot_questions TO luochui_app;
GRANT SELECT ON market.lot_questions TO luochui_engine;
-- A question and its answer do not name who asked: everybody reads them.
CREATE FUNCTION market.question_names_nobody() RETURNS trigger LANGUAGE plpgsql SET app.scope = 'all' AS $$
BEGIN
  IF EXISTS (SELECT FROM market.organisations o
              WHERE o.id = NEW.organisation_id AND char_length(o.name) > 2
                AND (position(lower(o.name) IN lower(NEW.question || ' ' || coalesce(NEW.answer, ''))) > 0
                     OR position(o.credit_code IN upper(NEW.question || ' ' || coalesce(NEW.answer, ''))) > 0)) THEN
    RAISE EXCEPTION 'market.lot_questions: the text names who asked' USING ERRCODE = 'LC070';
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION market.question_names_nobody IS 'Trigger: refuses a question or an answer that names the organisation that asked.';
CREATE TRIGGER question_names_nobody BEFORE INSERT OR UPDATE ON market.lot_questions
  FOR EACH ROW EXECUTE FUNCTION market.question_names_nobody();

-- migrate:down
DROP TRIGGER question_names_nobody ON market.lot_questions;
DROP FUNCTION market.question_names_nobody();
REVOKE SELECT ON market.lot_questions FROM luochui_engine;
REVOKE SELECT (id, lot_id, question, asked_at, answer, answered_by, answered_at) ON market.lot_questions FROM luochui_app;
GRANT SELECT ON market.lot_questions TO luochui_app;
DROP TRIGGER two_people_proved_by ON market.sealings;
DROP TRIGGER two_people_keyed_by ON market.sealings;
ALTER TABLE market.sealings DROP CONSTRAINT sealings_two_people;
