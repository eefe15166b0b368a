-- migrate:up
-- Posting one by one again: what is checked of a transfer is checked once, and who waits for a hot account is woken once.
--
-- That an entry's account exists is the header's check too: it counts the entries whose accounts there are, all lines must be
-- among them, and an account stays (`accounts_stay`). The key did the same a second time, with a lock on the account's row.
ALTER TABLE settlement.entries DROP CONSTRAINT entries_account_id_fkey;

-- What only an account's beginning can break is asked at its beginning and not at every posting: afterwards its reference and
-- currency never change and its version only rises (`accounts_only_posted`).
ALTER TABLE settlement.accounts
  DROP CONSTRAINT accounts_ref_check, DROP CONSTRAINT accounts_currency_check,
  DROP CONSTRAINT accounts_version_check, DROP CONSTRAINT accounts_empty_at_first;
CREATE FUNCTION settlement.check_new_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF length(NEW.ref) <= 200 AND NEW.currency = 'CNY' AND NEW.version >= 0 AND (NEW.version > 0 OR NEW.balance_fen = 0) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'account % of % %: begins empty, in CNY, with a reference of up to 200 characters', NEW.kind, NEW.owner, NEW.ref
    USING ERRCODE = 'check_violation';
END
$$;
CREATE TRIGGER accounts_begin BEFORE INSERT ON settlement.accounts
  FOR EACH ROW EXECUTE FUNCTION settlement.check_new_account();

-- As before, into plain variables, which cost less than a record.
CREATE OR REPLACE FUNCTION settlement.check_header() RETURNS trigger LANGUAGE plpgsql
SET app.scope = 'all' SET plan_cache_mode = force_generic_plan
  SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  v_entries bigint;
  v_total numeric;
  v_one_book boolean;
  v_counted boolean;
BEGIN
  SELECT count(*), sum(e.amount_fen), min(a.book) = max(a.book), bool_and(a.version >= e.account_version)
    INTO v_entries, v_total, v_one_book, v_counted
    FROM settlement.entries e JOIN settlement.accounts a ON a.id = e.account_id
   WHERE e.transfer_id = NEW.id;
  IF v_entries <> NEW.entry_count OR v_total <> 0 OR NOT v_one_book THEN
    RAISE EXCEPTION 'transfer %: % entries of % adding up to % fen; it must balance within one book',
      NEW.id, v_entries, NEW.entry_count, coalesce(v_total, 0) USING ERRCODE = 'LL001';
  END IF;
  IF NOT v_counted THEN
    RAISE EXCEPTION 'transfer %: an entry is not counted in its account', NEW.id USING ERRCODE = 'LL009';
  END IF;
  RETURN NULL;
END
$$;

-- One amount, above 0, from one account to another: what `post_named_v1` does with a transfer of two entries, for a fraction of the cost.
-- Locks in the same order: the idempotency id, then the accounts by their numbers. Many who wait for one row are woken twice each (for
-- their turn, and for the row) and then read it again; so who posts in a transaction of its own first waits for the account's turn.
CREATE OR REPLACE FUNCTION settlement.post_move_v1(
  p_id uuid, p_idempotency_id text, p_kind text, p_ref text, p_effective_at timestamptz,
  p_from_kind text, p_from_owner uuid, p_from_ref text, p_to_kind text, p_to_owner uuid, p_to_ref text,
  p_amount bigint, p_recorded_at timestamptz, OUT transfer_id uuid, OUT replayed boolean
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET app.scope = 'all' SET plan_cache_mode = force_generic_plan
  SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  -- Who already wrote in this transaction may hold the rows for which another waits that has the turn: it takes none.
  v_takes_turns boolean := pg_current_xact_id_if_assigned() IS NULL;
  v_from bigint;
  v_from_book text;
  v_to bigint;
  v_to_book text;
  -- The two accounts by their numbers, and what the first of them gains.
  v_first bigint;
  v_second bigint;
  v_gain bigint := -p_amount;
  v_line integer := 1;
  v_first_version bigint;
  v_first_balance bigint;
  v_second_version bigint;
  v_second_balance bigint;
  v_content bytea;
  v_kept bytea;
  v_bad text;
BEGIN
  SELECT f.id, f.book, t.id, t.book INTO v_from, v_from_book, v_to, v_to_book
    FROM settlement.accounts f, settlement.accounts t
   WHERE f.kind = p_from_kind AND f.ref = p_from_ref AND f.owner = p_from_owner
     AND t.kind = p_to_kind AND t.ref = p_to_ref AND t.owner = p_to_owner;
  IF NOT FOUND THEN  -- an account is new: that function opens it
    SELECT n.transfer_id, n.replayed INTO transfer_id, replayed
      FROM settlement.post_named_v1(
        ARRAY[p_id], ARRAY[p_idempotency_id], ARRAY[p_kind], ARRAY[p_ref], ARRAY[p_effective_at], ARRAY[1, 1],
        ARRAY[p_from_kind, p_to_kind], ARRAY[p_from_owner, p_to_owner], ARRAY[p_from_ref, p_to_ref],
        ARRAY[-p_amount, p_amount], p_recorded_at) n;
    RETURN;
  END IF;
  IF p_amount <= 0 OR v_from = v_to OR v_from_book <> v_to_book THEN
    RAISE EXCEPTION 'transfer %: needs two or more entries other than 0, in one book, that add up to 0', p_idempotency_id
      USING ERRCODE = 'LL001', DETAIL = p_idempotency_id;
  END IF;
  v_first := least(v_from, v_to);
  v_second := greatest(v_from, v_to);
  IF v_from > v_to THEN
    v_gain := p_amount;
    v_line := 2;
  END IF;

  v_content := settlement.transfer_content(p_kind, p_ref, p_effective_at,
    v_first || ':' || v_gain || ',' || v_second || ':' || -v_gain);
  INSERT INTO settlement.transfers (id, idempotency_id, content, kind, ref, entry_count, effective_at, recorded_at)
  VALUES (p_id, p_idempotency_id, v_content, p_kind, p_ref, 2, coalesce(p_effective_at, p_recorded_at), p_recorded_at)
  ON CONFLICT (idempotency_id) DO NOTHING;
  replayed := NOT FOUND;
  IF replayed THEN
    SELECT t.id, t.content INTO transfer_id, v_kept FROM settlement.transfers t WHERE t.idempotency_id = p_idempotency_id;
    IF v_kept <> v_content THEN
      RAISE EXCEPTION 'idempotency id %: used before with other content', p_idempotency_id
        USING ERRCODE = 'LL002', DETAIL = p_idempotency_id;
    END IF;
    RETURN;
  END IF;

  IF v_takes_turns AND pg_advisory_xact_lock(v_first) IS NULL THEN
    NULL;
  END IF;
  UPDATE settlement.accounts a SET balance_fen = a.balance_fen + v_gain, version = a.version + 1
   WHERE a.id = v_first AND (a.may_go_negative OR a.balance_fen + v_gain >= 0)
  RETURNING a.version, a.balance_fen INTO v_first_version, v_first_balance;
  IF FOUND THEN
    IF v_takes_turns AND pg_advisory_xact_lock(v_second) IS NULL THEN
      NULL;
    END IF;
    UPDATE settlement.accounts a SET balance_fen = a.balance_fen - v_gain, version = a.version + 1
     WHERE a.id = v_second AND (a.may_go_negative OR a.balance_fen - v_gain >= 0)
    RETURNING a.version, a.balance_fen INTO v_second_version, v_second_balance;
  END IF;
  IF NOT FOUND THEN
    v_bad := p_from_kind || ' of ' || p_from_owner || ' ' || p_from_ref;
    RAISE EXCEPTION 'account %: not enough money', v_bad USING ERRCODE = 'LL003', DETAIL = v_bad;
  END IF;
  INSERT INTO settlement.entries
    (account_id, account_version, transfer_id, line, entry_count, amount_fen, balance_before_fen, balance_after_fen)
  VALUES
    (v_first, v_first_version, p_id, v_line, 2, v_gain, v_first_balance - v_gain, v_first_balance),
    (v_second, v_second_version, p_id, 3 - v_line, 2, -v_gain, v_second_balance + v_gain, v_second_balance);
  transfer_id := p_id;
END
$$;

-- migrate:down
DROP TRIGGER accounts_begin ON settlement.accounts;
DROP FUNCTION settlement.check_new_account;
ALTER TABLE settlement.accounts
  ADD CONSTRAINT accounts_ref_check CHECK (length(ref) <= 200), ADD CONSTRAINT accounts_currency_check CHECK (currency = 'CNY'),
  ADD CONSTRAINT accounts_version_check CHECK (version >= 0),
  ADD CONSTRAINT accounts_empty_at_first CHECK (version > 0 OR balance_fen = 0);
ALTER TABLE settlement.entries ADD CONSTRAINT entries_account_id_fkey FOREIGN KEY (account_id) REFERENCES settlement.accounts;
CREATE OR REPLACE FUNCTION settlement.check_header() RETURNS trigger LANGUAGE plpgsql
SET app.scope = 'all' SET plan_cache_mode = force_generic_plan
  SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  v record;
BEGIN
  SELECT count(*) AS entries, coalesce(sum(e.amount_fen), 0) AS total,
         coalesce(min(a.book) = max(a.book), false) AS one_book,
         coalesce(bool_and(a.version >= e.account_version), false) AS counted
    INTO v
    FROM settlement.entries e JOIN settlement.accounts a ON a.id = e.account_id
   WHERE e.transfer_id = NEW.id;
  IF v.entries <> NEW.entry_count OR v.total <> 0 OR NOT v.one_book THEN
    RAISE EXCEPTION 'transfer %: % entries of % adding up to % fen; it must balance within one book',
      NEW.id, v.entries, NEW.entry_count, v.total USING ERRCODE = 'LL001';
  END IF;
  IF NOT v.counted THEN
    RAISE EXCEPTION 'transfer %: an entry is not counted in its account', NEW.id USING ERRCODE = 'LL009';
  END IF;
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION settlement.post_move_v1(
  p_id uuid, p_idempotency_id text, p_kind text, p_ref text, p_effective_at timestamptz,
  p_from_kind text, p_from_owner uuid, p_from_ref text, p_to_kind text, p_to_owner uuid, p_to_ref text,
  p_amount bigint, p_recorded_at timestamptz, OUT transfer_id uuid, OUT replayed boolean
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET app.scope = 'all' SET plan_cache_mode = force_generic_plan
  SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  -- The two accounts by their numbers, and what the first of them gains.
  v_first record;
  v_second record;
  v_swapped record;
  v_gain bigint := -p_amount;
  v_line integer := 1;
  v_content bytea;
  v_kept bytea;
  v_bad text;
BEGIN
  SELECT a.id, a.book, a.version, a.balance_fen INTO v_first FROM settlement.accounts a
   WHERE a.kind = p_from_kind AND a.ref = p_from_ref AND a.owner = p_from_owner;
  SELECT a.id, a.book, a.version, a.balance_fen INTO v_second FROM settlement.accounts a
   WHERE a.kind = p_to_kind AND a.ref = p_to_ref AND a.owner = p_to_owner;
  IF v_first.id IS NULL OR v_second.id IS NULL THEN  -- an account is new: that function opens it
    SELECT n.transfer_id, n.replayed INTO transfer_id, replayed
      FROM settlement.post_named_v1(
        ARRAY[p_id], ARRAY[p_idempotency_id], ARRAY[p_kind], ARRAY[p_ref], ARRAY[p_effective_at], ARRAY[1, 1],
        ARRAY[p_from_kind, p_to_kind], ARRAY[p_from_owner, p_to_owner], ARRAY[p_from_ref, p_to_ref],
        ARRAY[-p_amount, p_amount], p_recorded_at) n;
    RETURN;
  END IF;
  IF p_amount <= 0 OR v_first.id = v_second.id OR v_first.book <> v_second.book THEN
    RAISE EXCEPTION 'transfer %: needs two or more entries other than 0, in one book, that add up to 0', p_idempotency_id
      USING ERRCODE = 'LL001', DETAIL = p_idempotency_id;
  END IF;
  IF v_first.id > v_second.id THEN
    v_swapped := v_first;
    v_first := v_second;
    v_second := v_swapped;
    v_gain := p_amount;
    v_line := 2;
  END IF;

  v_content := settlement.transfer_content(p_kind, p_ref, p_effective_at,
    v_first.id || ':' || v_gain || ',' || v_second.id || ':' || -v_gain);
  INSERT INTO settlement.transfers (id, idempotency_id, content, kind, ref, entry_count, effective_at, recorded_at)
  VALUES (p_id, p_idempotency_id, v_content, p_kind, p_ref, 2, coalesce(p_effective_at, p_recorded_at), p_recorded_at)
  ON CONFLICT (idempotency_id) DO NOTHING;
  replayed := NOT FOUND;
  IF replayed THEN
    SELECT t.id, t.content INTO transfer_id, v_kept FROM settlement.transfers t WHERE t.idempotency_id = p_idempotency_id;
    IF v_kept <> v_content THEN
      RAISE EXCEPTION 'idempotency id %: used before with other content', p_idempotency_id
        USING ERRCODE = 'LL002', DETAIL = p_idempotency_id;
    END IF;
    RETURN;
  END IF;

  UPDATE settlement.accounts a SET balance_fen = a.balance_fen + v_gain, version = a.version + 1
   WHERE a.id = v_first.id AND (a.may_go_negative OR a.balance_fen + v_gain >= 0)
  RETURNING a.id, a.book, a.version, a.balance_fen INTO v_first;
  IF FOUND THEN
    UPDATE settlement.accounts a SET balance_fen = a.balance_fen - v_gain, version = a.version + 1
     WHERE a.id = v_second.id AND (a.may_go_negative OR a.balance_fen - v_gain >= 0)
    RETURNING a.id, a.book, a.version, a.balance_fen INTO v_second;
  END IF;
  IF NOT FOUND THEN
    v_bad := p_from_kind || ' of ' || p_from_owner || ' ' || p_from_ref;
    RAISE EXCEPTION 'account %: not enough money', v_bad USING ERRCODE = 'LL003', DETAIL = v_bad;
  END IF;
  INSERT INTO settlement.entries
    (account_id, account_version, transfer_id, line, entry_count, amount_fen, balance_before_fen, balance_after_fen)
  VALUES
    (v_first.id, v_first.version, p_id, v_line, 2, v_gain, v_first.balance_fen - v_gain, v_first.balance_fen),
    (v_second.id, v_second.version, p_id, 3 - v_line, 2, -v_gain, v_second.balance_fen + v_gain, v_second.balance_fen);
  transfer_id := p_id;
END
$$;
