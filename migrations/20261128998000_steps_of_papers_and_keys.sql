-- migrate:up
-- Quarterly returns, the keys of sealed lots and imports change along these steps and no others, whoever asks: each pair is
-- written "from to". What has its own guard (approvals, claims, lists) keeps it.
CREATE FUNCTION market.guard_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state <> OLD.state AND NOT (OLD.state || ' ' || NEW.state) = ANY (TG_ARGV) THEN
    RAISE EXCEPTION '%: there is no step from % to %', TG_TABLE_NAME, OLD.state, NEW.state USING ERRCODE = 'LC001';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER quarterly_returns_steps BEFORE UPDATE OF state ON market.quarterly_returns FOR EACH ROW
  EXECUTE FUNCTION market.guard_state('drafted submitted', 'drafted locked', 'submitted locked', 'submitted reopened',
    'locked reopened');
-- A new proposal starts over, from wherever the keys were; a lot that is published keeps its own.
CREATE TRIGGER sealings_steps BEFORE UPDATE OF state ON market.sealings FOR EACH ROW
  EXECUTE FUNCTION market.guard_state('proposed keyed', 'keyed peeled', 'peeled proved', 'keyed proposed',
    'peeled proposed', 'proved proposed');
-- Work that was interrupted, or that two do at once, begins again; what is over stays over.
CREATE TRIGGER import_jobs_steps BEFORE UPDATE OF state ON market.import_jobs FOR EACH ROW
  EXECUTE FUNCTION market.guard_state('waiting reading', 'reading checking', 'reading unreadable', 'checking entering',
    'checking reading', 'checking completed', 'checking refused', 'checking unreadable', 'entering reading',
    'entering checking', 'entering completed', 'entering refused', 'entering unreadable', 'reading entering',
    'reading completed', 'reading refused');

-- migrate:down
DROP TRIGGER import_jobs_steps ON market.import_jobs;
DROP TRIGGER sealings_steps ON market.sealings;
DROP TRIGGER quarterly_returns_steps ON market.quarterly_returns;
DROP FUNCTION market.guard_state;
