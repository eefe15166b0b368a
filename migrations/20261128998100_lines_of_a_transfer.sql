-- migrate:up
-- A posting by itself costs what the database does around it: one function of few statements for what moves between two
-- accounts, and no check that another one makes anyway.
--
-- An entry names its line and of how many, and the header has the same number: so a transfer that is complete takes no
-- further entry, by keys alone, and the header's check at the commit (all lines, adding up to 0, in one book, each counted in
-- its account) needs no second one beside it. Source: reliability 5.4.
ALTER TABLE settlement.transfers ADD CONSTRAINT transfers_lines UNIQUE (id, entry_count);
ALTER TABLE settlement.entries ADD COLUMN line integer, ADD COLUMN entry_count integer;
ALTER TABLE settlement.entries DISABLE TRIGGER entries_append_only;
UPDATE settlement.entries e SET line = n.line, entry_count = n.entry_count
  FROM (SELECT account_id, account_version, row_number() OVER (PARTITION BY transfer_id ORDER BY account_id) AS line,
               count(*) OVER (PARTITION BY transfer_id) AS entry_count
          FROM settlement.entries) n
 WHERE n.account_id = e.account_id AND n.account_version = e.account_version;
ALTER TABLE settlement.entries ENABLE TRIGGER entries_append_only;
ALTER TABLE settlement.entries
  ALTER COLUMN line SET NOT NULL, ALTER COLUMN entry_count SET NOT NULL,
  ADD CONSTRAINT entries_line_of_all CHECK (line BETWEEN 1 AND entry_count),
  ADD CONSTRAINT entries_once_a_line UNIQUE (transfer_id, line),
  DROP CONSTRAINT entries_transfer_id_fkey,
  ADD CONSTRAINT entries_of_transfer FOREIGN KEY (transfer_id, entry_count) REFERENCES settlement.transfers (id, entry_count);

DROP TRIGGER entries_balance ON settlement.entries;
DROP FUNCTION settlement.check_entries;
DROP FUNCTION settlement.check_entry;
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
DROP FUNCTION settlement.check_transfer;

-- The same bytes as before; a function of this language costs a fraction of one in SQL that can't be folded into its caller.
CREATE OR REPLACE FUNCTION settlement.transfer_content(p_kind text, p_ref text, p_effective_at timestamptz, p_lines text)
RETURNS bytea LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN sha256(convert_to(jsonb_build_array(
    p_kind, p_ref, extract(epoch FROM p_effective_at), p_lines)::text, 'UTF8'));
END
$$;

-- As before, and entries with their lines.
CREATE OR REPLACE FUNCTION settlement.post_transfers_v1(
  p_ids uuid[], p_idempotency_ids text[], p_kinds text[], p_refs text[], p_effective_ats timestamptz[],
  p_positions integer[], p_account_ids bigint[], p_amounts bigint[], p_recorded_at timestamptz
) RETURNS TABLE (transfer_id uuid, replayed boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET app.scope = 'all' AS $$
DECLARE
  v_contents bytea[];
  v_counts integer[];
  v_bad text;
  v_new boolean[];
BEGIN
  -- Read: what each transfer says, and whether it balances within one book.
  SELECT array_agg(settlement.transfer_content(t.kind, t.ref, t.effective_at, e.lines) ORDER BY t.position),
         array_agg(e.entries ORDER BY t.position),
         min(t.idempotency_id) FILTER (WHERE e.entries IS NULL OR e.entries < 2 OR e.total <> 0 OR e.zero OR NOT e.one_book)
    INTO v_contents, v_counts, v_bad
    FROM unnest(p_ids, p_idempotency_ids, p_kinds, p_refs, p_effective_ats)
         WITH ORDINALITY AS t (id, idempotency_id, kind, ref, effective_at, position)
    LEFT JOIN (
      SELECT l.position, string_agg(l.account_id || ':' || l.amount, ',' ORDER BY l.account_id) AS lines,
             count(a.id)::integer AS entries, sum(l.amount) AS total, bool_or(l.amount = 0) AS zero,
             min(a.book) = max(a.book) AS one_book, bool_or(a.id IS NULL) AS unknown
        FROM unnest(p_positions, p_account_ids, p_amounts) AS l (position, account_id, amount)
        LEFT JOIN settlement.accounts a ON a.id = l.account_id
       GROUP BY l.position
    ) e USING (position);
  IF v_bad IS NOT NULL THEN
    IF EXISTS (SELECT FROM unnest(p_account_ids) AS l (id)
               WHERE NOT EXISTS (SELECT FROM settlement.accounts a WHERE a.id = l.id)) THEN
      RAISE EXCEPTION 'transfer %: no such account', v_bad USING ERRCODE = 'LL004', DETAIL = v_bad;
    END IF;
    RAISE EXCEPTION 'transfer %: needs two or more entries other than 0, in one book, that add up to 0', v_bad
      USING ERRCODE = 'LL001', DETAIL = v_bad;
  END IF;

  -- Claim the ids; who waits here for another's claim finds it decided.
  WITH claimed AS (
    INSERT INTO settlement.transfers
      (id, idempotency_id, content, kind, ref, entry_count, effective_at, recorded_at)
    SELECT t.id, t.idempotency_id, t.content, t.kind, t.ref, t.entries,
           coalesce(t.effective_at, p_recorded_at), p_recorded_at
      FROM unnest(p_ids, p_idempotency_ids, v_contents, p_kinds, p_refs, v_counts, p_effective_ats)
           AS t (id, idempotency_id, content, kind, ref, entries, effective_at)
     ORDER BY t.idempotency_id
    ON CONFLICT (idempotency_id) DO NOTHING
    RETURNING transfers.id
  )
  SELECT array_agg(c.id IS NOT NULL ORDER BY t.position) INTO v_new
    FROM unnest(p_ids) WITH ORDINALITY AS t (id, position) LEFT JOIN claimed c ON c.id = t.id;

  IF false = ANY (v_new) THEN
    SELECT min(t.idempotency_id) INTO v_bad
      FROM unnest(p_idempotency_ids, v_contents) AS t (idempotency_id, content)
      JOIN settlement.transfers s ON s.idempotency_id = t.idempotency_id
     WHERE s.content <> t.content;
    IF v_bad IS NOT NULL THEN
      RAISE EXCEPTION 'idempotency id %: used before with other content', v_bad
        USING ERRCODE = 'LL002', DETAIL = v_bad;
    END IF;
  END IF;

  IF true = ANY (v_new) THEN
    PERFORM FROM settlement.accounts a WHERE a.id = ANY (p_account_ids) ORDER BY a.id FOR NO KEY UPDATE;

    -- Write the entries, each with the balance before and after it; an overdraft in the middle is one too.
    WITH posted AS (
      INSERT INTO settlement.entries
        (account_id, account_version, transfer_id, line, entry_count, amount_fen, balance_before_fen, balance_after_fen)
      SELECT l.account_id, a.version + row_number() OVER by_account, p_ids[l.position],
             row_number() OVER (PARTITION BY l.position ORDER BY l.place), v_counts[l.position], l.amount,
             (a.balance_fen + sum(l.amount) OVER by_account - l.amount)::bigint,
             (a.balance_fen + sum(l.amount) OVER by_account)::bigint
        FROM unnest(p_positions, p_account_ids, p_amounts) WITH ORDINALITY AS l (position, account_id, amount, place)
        JOIN settlement.accounts a ON a.id = l.account_id
       WHERE v_new[l.position]
      WINDOW by_account AS (PARTITION BY l.account_id ORDER BY l.position)
      RETURNING entries.account_id, entries.account_version, entries.balance_after_fen
    )
    SELECT a.kind || ' of ' || a.owner || ' ' || a.ref INTO v_bad
      FROM posted JOIN settlement.accounts a ON a.id = posted.account_id
     WHERE posted.balance_after_fen < 0 AND NOT a.may_go_negative
     LIMIT 1;
    IF v_bad IS NOT NULL THEN
      RAISE EXCEPTION 'account %: not enough money', v_bad USING ERRCODE = 'LL003', DETAIL = v_bad;
    END IF;

    UPDATE settlement.accounts a
       SET balance_fen = a.balance_fen + d.amount, version = a.version + d.entries
      FROM (SELECT l.account_id, sum(l.amount)::bigint AS amount, count(*) AS entries
              FROM unnest(p_positions, p_account_ids, p_amounts) AS l (position, account_id, amount)
             WHERE v_new[l.position] GROUP BY l.account_id) d
     WHERE a.id = d.account_id;
  END IF;

  RETURN QUERY
    SELECT s.id, NOT v_new[t.position]
      FROM unnest(p_idempotency_ids) WITH ORDINALITY AS t (idempotency_id, position)
      JOIN settlement.transfers s ON s.idempotency_id = t.idempotency_id
     ORDER BY t.position;
END
$$;

-- One amount, above 0, from one account to another: what `post_named_v1` does with a transfer of two entries, for a fraction of the cost.
-- Locks in the same order: the idempotency id, then the accounts by their numbers.
CREATE FUNCTION settlement.post_move_v1(
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

-- migrate:down
DROP FUNCTION settlement.post_move_v1;
ALTER TABLE settlement.entries
  DROP CONSTRAINT entries_of_transfer,
  ADD CONSTRAINT entries_transfer_id_fkey FOREIGN KEY (transfer_id) REFERENCES settlement.transfers,
  DROP COLUMN line, DROP COLUMN entry_count;
ALTER TABLE settlement.transfers DROP CONSTRAINT transfers_lines;
CREATE OR REPLACE FUNCTION settlement.post_transfers_v1(
  p_ids uuid[], p_idempotency_ids text[], p_kinds text[], p_refs text[], p_effective_ats timestamptz[],
  p_positions integer[], p_account_ids bigint[], p_amounts bigint[], p_recorded_at timestamptz
) RETURNS TABLE (transfer_id uuid, replayed boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET app.scope = 'all' AS $$
DECLARE
  v_contents bytea[];
  v_counts integer[];
  v_bad text;
  v_new boolean[];
BEGIN
  -- Read: what each transfer says, and whether it balances within one book.
  SELECT array_agg(settlement.transfer_content(t.kind, t.ref, t.effective_at, e.lines) ORDER BY t.position),
         array_agg(e.entries ORDER BY t.position),
         min(t.idempotency_id) FILTER (WHERE e.entries IS NULL OR e.entries < 2 OR e.total <> 0 OR e.zero OR NOT e.one_book)
    INTO v_contents, v_counts, v_bad
    FROM unnest(p_ids, p_idempotency_ids, p_kinds, p_refs, p_effective_ats)
         WITH ORDINALITY AS t (id, idempotency_id, kind, ref, effective_at, position)
    LEFT JOIN (
      SELECT l.position, string_agg(l.account_id || ':' || l.amount, ',' ORDER BY l.account_id) AS lines,
             count(a.id)::integer AS entries, sum(l.amount) AS total, bool_or(l.amount = 0) AS zero,
             min(a.book) = max(a.book) AS one_book, bool_or(a.id IS NULL) AS unknown
        FROM unnest(p_positions, p_account_ids, p_amounts) AS l (position, account_id, amount)
        LEFT JOIN settlement.accounts a ON a.id = l.account_id
       GROUP BY l.position
    ) e USING (position);
  IF v_bad IS NOT NULL THEN
    IF EXISTS (SELECT FROM unnest(p_account_ids) AS l (id)
               WHERE NOT EXISTS (SELECT FROM settlement.accounts a WHERE a.id = l.id)) THEN
      RAISE EXCEPTION 'transfer %: no such account', v_bad USING ERRCODE = 'LL004', DETAIL = v_bad;
    END IF;
    RAISE EXCEPTION 'transfer %: needs two or more entries other than 0, in one book, that add up to 0', v_bad
      USING ERRCODE = 'LL001', DETAIL = v_bad;
  END IF;

  -- Claim the ids; who waits here for another's claim finds it decided.
  WITH claimed AS (
    INSERT INTO settlement.transfers
      (id, idempotency_id, content, kind, ref, entry_count, effective_at, recorded_at)
    SELECT t.id, t.idempotency_id, t.content, t.kind, t.ref, t.entries,
           coalesce(t.effective_at, p_recorded_at), p_recorded_at
      FROM unnest(p_ids, p_idempotency_ids, v_contents, p_kinds, p_refs, v_counts, p_effective_ats)
           AS t (id, idempotency_id, content, kind, ref, entries, effective_at)
     ORDER BY t.idempotency_id
    ON CONFLICT (idempotency_id) DO NOTHING
    RETURNING transfers.id
  )
  SELECT array_agg(c.id IS NOT NULL ORDER BY t.position) INTO v_new
    FROM unnest(p_ids) WITH ORDINALITY AS t (id, position) LEFT JOIN claimed c ON c.id = t.id;

  IF false = ANY (v_new) THEN
    SELECT min(t.idempotency_id) INTO v_bad
      FROM unnest(p_idempotency_ids, v_contents) AS t (idempotency_id, content)
      JOIN settlement.transfers s ON s.idempotency_id = t.idempotency_id
     WHERE s.content <> t.content;
    IF v_bad IS NOT NULL THEN
      RAISE EXCEPTION 'idempotency id %: used before with other content', v_bad
        USING ERRCODE = 'LL002', DETAIL = v_bad;
    END IF;
  END IF;

  IF true = ANY (v_new) THEN
    PERFORM FROM settlement.accounts a WHERE a.id = ANY (p_account_ids) ORDER BY a.id FOR NO KEY UPDATE;

    -- Write the entries, each with the balance before and after it; an overdraft in the middle is one too.
    WITH posted AS (
      INSERT INTO settlement.entries
        (account_id, account_version, transfer_id, amount_fen, balance_before_fen, balance_after_fen)
      SELECT l.account_id, a.version + row_number() OVER by_account, p_ids[l.position], l.amount,
             (a.balance_fen + sum(l.amount) OVER by_account - l.amount)::bigint,
             (a.balance_fen + sum(l.amount) OVER by_account)::bigint
        FROM unnest(p_positions, p_account_ids, p_amounts) AS l (position, account_id, amount)
        JOIN settlement.accounts a ON a.id = l.account_id
       WHERE v_new[l.position]
      WINDOW by_account AS (PARTITION BY l.account_id ORDER BY l.position)
      RETURNING entries.account_id, entries.account_version, entries.balance_after_fen
    )
    SELECT a.kind || ' of ' || a.owner || ' ' || a.ref INTO v_bad
      FROM posted JOIN settlement.accounts a ON a.id = posted.account_id
     WHERE posted.balance_after_fen < 0 AND NOT a.may_go_negative
     LIMIT 1;
    IF v_bad IS NOT NULL THEN
      RAISE EXCEPTION 'account %: not enough money', v_bad USING ERRCODE = 'LL003', DETAIL = v_bad;
    END IF;

    UPDATE settlement.accounts a
       SET balance_fen = a.balance_fen + d.amount, version = a.version + d.entries
      FROM (SELECT l.account_id, sum(l.amount)::bigint AS amount, count(*) AS entries
              FROM unnest(p_positions, p_account_ids, p_amounts) AS l (position, account_id, amount)
             WHERE v_new[l.position] GROUP BY l.account_id) d
     WHERE a.id = d.account_id;
  END IF;

  RETURN QUERY
    SELECT s.id, NOT v_new[t.position]
      FROM unnest(p_idempotency_ids) WITH ORDINALITY AS t (idempotency_id, position)
      JOIN settlement.transfers s ON s.idempotency_id = t.idempotency_id
     ORDER BY t.position;
END
$$;

CREATE OR REPLACE FUNCTION settlement.transfer_content(p_kind text, p_ref text, p_effective_at timestamptz, p_lines text)
RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT sha256(convert_to(jsonb_build_array(
    p_kind, p_ref, extract(epoch FROM p_effective_at), p_lines)::text, 'UTF8'))
$$;

CREATE FUNCTION settlement.check_transfer(p_id uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v record;
BEGIN
  SELECT count(*) AS entries, coalesce(sum(e.amount_fen), 0) AS total,
         coalesce(min(a.book) = max(a.book), false) AS one_book,
         coalesce(bool_and(a.version >= e.account_version), false) AS counted,
         (SELECT t.entry_count FROM settlement.transfers t WHERE t.id = p_id) AS expected
    INTO v
    FROM settlement.entries e JOIN settlement.accounts a ON a.id = e.account_id
   WHERE e.transfer_id = p_id;
  IF v.entries < 2 OR v.entries <> v.expected OR v.total <> 0 OR NOT v.one_book THEN
    RAISE EXCEPTION 'transfer %: % entries of % adding up to % fen; it must balance within one book',
      p_id, v.entries, v.expected, v.total USING ERRCODE = 'LL001';
  END IF;
  IF NOT v.counted THEN
    RAISE EXCEPTION 'transfer %: an entry is not counted in its account', p_id USING ERRCODE = 'LL009';
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION settlement.check_header() RETURNS trigger LANGUAGE plpgsql
SET app.scope = 'all' SET plan_cache_mode = force_generic_plan
  SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
  PERFORM settlement.check_transfer(NEW.id);
  RETURN NULL;
END
$$;

CREATE FUNCTION settlement.check_entry() RETURNS trigger LANGUAGE plpgsql SET app.scope = 'all' AS $$
BEGIN
  PERFORM settlement.check_transfer(NEW.transfer_id);
  RETURN NULL;
END
$$;

CREATE FUNCTION settlement.check_entries() RETURNS trigger LANGUAGE plpgsql
SET app.scope = 'all' SET plan_cache_mode = force_generic_plan
  SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  v record;
BEGIN
  SELECT n.transfer_id, s.entries, t.entry_count, s.total INTO v
    FROM (SELECT DISTINCT a.transfer_id FROM added a) n
    JOIN settlement.transfers t ON t.id = n.transfer_id
    LEFT JOIN LATERAL (
      SELECT count(*) AS entries, sum(e.amount_fen) AS total, min(a.book) = max(a.book) AS one_book
        FROM settlement.entries e JOIN settlement.accounts a ON a.id = e.account_id
       WHERE e.transfer_id = n.transfer_id) s ON true
   WHERE s.entries < 2 OR s.entries <> t.entry_count OR s.total <> 0 OR NOT s.one_book
   LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'transfer %: % entries of % adding up to % fen; it must balance within one book',
      v.transfer_id, v.entries, v.entry_count, v.total USING ERRCODE = 'LL001';
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER entries_balance AFTER INSERT ON settlement.entries
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION settlement.check_entries();
