-- migrate:up
-- The rules are run once more before a set-off or a mandate is approved, and before a licence binds.
ALTER TABLE market.diligence_runs DROP CONSTRAINT diligence_runs_cause_check;
ALTER TABLE market.diligence_runs ADD CONSTRAINT diligence_runs_cause_check
  CHECK (cause IN ('asked', 'changed', 'accepted', 'lot_checked', 'published', 'overridden', 'decided'));

-- migrate:down
SET LOCAL app.scope = 'all';
ALTER TABLE market.diligence_runs DISABLE TRIGGER append_only;
UPDATE market.diligence_runs SET cause = 'changed' WHERE cause = 'decided';
ALTER TABLE market.diligence_runs ENABLE TRIGGER append_only;
ALTER TABLE market.diligence_runs DROP CONSTRAINT diligence_runs_cause_check;
ALTER TABLE market.diligence_runs ADD CONSTRAINT diligence_runs_cause_check
  CHECK (cause IN ('asked', 'changed', 'accepted', 'lot_checked', 'published', 'overridden'));
