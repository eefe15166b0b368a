-- migrate:up
-- Postings name their accounts and come in one call, so that a hot account's lock is not held while the caller finds
-- the numbers of the accounts or says COMMIT.
--
-- These functions plan once a session and keep the plan: to plan anew costs several times the posting itself. Kept plans
-- look up through indexes alone; made while the books were nearly empty they would otherwise read whole tables, once for
-- every transfer, until somebody runs ANALYZE.
CREATE FUNCTION settlement.post_named_v1(
  p_ids uuid[], p_idempotency_ids text[], p_kinds text[], p_refs text[], p_effective_ats timestamptz[],
  p_positions integer[], p_account_kinds text[], p_account_owners uuid[], p_account_refs text[], p_amounts bigint[],
  p_recorded_at timestamptz
) RETURNS TABLE (transfer_id uuid, replayed boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET app.scope = 'all'
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  v_accounts bigint[];
  v_unknown text;
BEGIN
  FOR attempt IN 1 .. 2 LOOP
    SELECT array_agg((SELECT a.id FROM settlement.accounts a
                       WHERE a.kind = l.kind AND a.ref = l.ref AND a.owner = l.owner) ORDER BY l.line)
      INTO v_accounts
      FROM unnest(p_account_kinds, p_account_owners, p_account_refs) WITH ORDINALITY AS l (kind, owner, ref, line);
    EXIT WHEN array_position(v_accounts, NULL) IS NULL;
    IF attempt = 2 THEN
      v_unknown := p_account_kinds[array_position(v_accounts, NULL)];
      RAISE EXCEPTION 'account kind % is not known', v_unknown USING ERRCODE = 'LL004', DETAIL = v_unknown;
    END IF;
    INSERT INTO settlement.accounts (kind, book, may_go_negative, owner, ref, opened_at)
    SELECT k.kind, k.book, k.may_go_negative, l.owner, l.ref, p_recorded_at
      FROM unnest(p_account_kinds, p_account_owners, p_account_refs) AS l (kind, owner, ref)
      JOIN settlement.account_kinds k ON k.kind = l.kind
     ORDER BY l.kind, l.owner, l.ref
    ON CONFLICT DO NOTHING;
  END LOOP;
  RETURN QUERY SELECT * FROM settlement.post_transfers_v1(
    p_ids, p_idempotency_ids, p_kinds, p_refs, p_effective_ats, p_positions, v_accounts, p_amounts, p_recorded_at);
END
$$;

ALTER FUNCTION settlement.check_header() SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION settlement.check_header() SET enable_seqscan = off;
ALTER FUNCTION settlement.check_header() SET enable_hashjoin = off;
ALTER FUNCTION settlement.check_header() SET enable_mergejoin = off;
ALTER FUNCTION settlement.check_entries() SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION settlement.check_entries() SET enable_seqscan = off;
ALTER FUNCTION settlement.check_entries() SET enable_hashjoin = off;
ALTER FUNCTION settlement.check_entries() SET enable_mergejoin = off;

-- migrate:down
ALTER FUNCTION settlement.check_entries() RESET enable_mergejoin;
ALTER FUNCTION settlement.check_entries() RESET enable_hashjoin;
ALTER FUNCTION settlement.check_entries() RESET enable_seqscan;
ALTER FUNCTION settlement.check_entries() RESET plan_cache_mode;
ALTER FUNCTION settlement.check_header() RESET enable_mergejoin;
ALTER FUNCTION settlement.check_header() RESET enable_hashjoin;
ALTER FUNCTION settlement.check_header() RESET enable_seqscan;
ALTER FUNCTION settlement.check_header() RESET plan_cache_mode;
DROP FUNCTION settlement.post_named_v1;
