-- migrate:up
-- How many must agree is asked again when it is decided: a lower limit or a higher amount meanwhile wants more of them. The number
-- only grows, while the request is open; and nothing is approved that fewer agreed to. Source: domain 7; reliability T69.
CREATE FUNCTION market.approval_is_frozen_v2() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW.organisation_id, NEW.kind, NEW.subject_id, NEW.content, NEW.sha256, NEW.amount_fen, NEW.reason, NEW.asked_by,
      NEW.asked_at)
     IS DISTINCT FROM
     (OLD.id, OLD.organisation_id, OLD.kind, OLD.subject_id, OLD.content, OLD.sha256, OLD.amount_fen, OLD.reason, OLD.asked_by,
      OLD.asked_at)
     OR NOT (NEW.checkers = OLD.checkers OR OLD.state = 'pending' AND NEW.checkers > OLD.checkers)
     OR NOT (NEW.state = OLD.state OR OLD.state = 'pending' AND NEW.state <> 'used' OR OLD.state = 'approved' AND NEW.state IN ('used', 'withdrawn'))
  THEN
    RAISE EXCEPTION 'approval %: what was asked does not change, and what was settled stays', OLD.id USING ERRCODE = 'LC001';
  END IF;
  RETURN NEW;
END
$$;
CREATE FUNCTION market.enough_agreed() RETURNS trigger LANGUAGE plpgsql SET app.scope = 'all' AS $$
BEGIN
  IF (SELECT count(*) FROM market.approval_decisions d WHERE d.approval_id = NEW.id AND d.is_yes) < NEW.checkers THEN
    RAISE EXCEPTION 'approval %: % must agree', NEW.id, NEW.checkers USING ERRCODE = 'LC001';
  END IF;
  RETURN NEW;
END
$$;
DROP TRIGGER approval_is_frozen ON market.approvals;
DROP FUNCTION market.approval_is_frozen;
CREATE TRIGGER approval_is_frozen BEFORE UPDATE ON market.approvals
  FOR EACH ROW EXECUTE FUNCTION market.approval_is_frozen_v2();
CREATE TRIGGER enough_agreed BEFORE UPDATE ON market.approvals
  FOR EACH ROW WHEN (OLD.state = 'pending' AND NEW.state = 'approved') EXECUTE FUNCTION market.enough_agreed();

-- migrate:down
DROP TRIGGER enough_agreed ON market.approvals;
DROP FUNCTION market.enough_agreed;
DROP TRIGGER approval_is_frozen ON market.approvals;
DROP FUNCTION market.approval_is_frozen_v2;
CREATE FUNCTION market.approval_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW.organisation_id, NEW.kind, NEW.subject_id, NEW.content, NEW.sha256, NEW.amount_fen, NEW.checkers, NEW.reason,
      NEW.asked_by, NEW.asked_at)
     IS DISTINCT FROM
     (OLD.id, OLD.organisation_id, OLD.kind, OLD.subject_id, OLD.content, OLD.sha256, OLD.amount_fen, OLD.checkers, OLD.reason,
      OLD.asked_by, OLD.asked_at)
     OR NOT (NEW.state = OLD.state OR OLD.state = 'pending' AND NEW.state <> 'used' OR OLD.state = 'approved' AND NEW.state IN ('used', 'withdrawn'))
  THEN
    RAISE EXCEPTION 'approval %: what was asked does not change, and what was settled stays', OLD.id USING ERRCODE = 'LC001';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER approval_is_frozen BEFORE UPDATE ON market.approvals
  FOR EACH ROW EXECUTE FUNCTION market.approval_is_frozen();
