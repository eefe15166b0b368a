-- migrate:up
-- Row-level security for the tables of sealed bids and of units sold (migration `row_security`).
SELECT market.guard_rows('market.sealings',
  'opener_id = :me OR EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id AND l.venue_id = :me)',
  'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id)');
SELECT market.guard_rows('market.sealed_openings',
  'EXISTS (SELECT FROM market.sealings s WHERE s.lot_id = sealed_openings.lot_id AND s.opener_id = :me)
   OR EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id AND l.venue_id = :me)');
SELECT market.guard_rows('market.unit_winners', 'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id AND l.venue_id = :me)',
  'EXISTS (SELECT FROM market.lots l WHERE l.id = lot_id)');

-- migrate:down
DO $$
DECLARE
  name text;
  policy text;
BEGIN
  FOREACH name IN ARRAY ARRAY['sealings', 'sealed_openings', 'unit_winners'] LOOP
    FOREACH policy IN ARRAY ARRAY['reading', 'adding', 'changing', 'removing'] LOOP
      EXECUTE format('DROP POLICY %I ON market.%I', policy, name);
    END LOOP;
    EXECUTE format('ALTER TABLE market.%I NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY', name);
  END LOOP;
END
$$;
