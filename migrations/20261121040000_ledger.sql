-- migrate:up
-- The ledger. What is written here can only be added to, and only by settlement.post_transfers_v1: a balance
-- is the last link of a chain of entries, and the database itself refuses a chain that does not join, a transfer
-- that does not balance, and a transfer between two books. Source: reliability 5.4, its appendix B, domain 6.6.
--
-- Signs: an entry above 0 adds to an account. Accounts of the kind `outside` are the world beyond the books, so
-- what has been paid in stands there below 0, what has been paid out above 0, and the money in custody is their
-- sum with the sign turned.

CREATE TABLE settlement.account_kinds (
  kind text PRIMARY KEY,
  -- Three books that never mix: money; the loss-sharing positions; the debtor's debt (domain 5.3, 6.2).
  book text NOT NULL CHECK (book IN ('money', 'sharing', 'debt')),
  may_go_negative boolean NOT NULL,
  title text NOT NULL,
  title_zh text NOT NULL,
  UNIQUE (kind, book, may_go_negative)
);

INSERT INTO settlement.account_kinds (kind, book, may_go_negative, title, title_zh) VALUES
  ('outside', 'money', true, 'The world outside the books', '账外'),
  ('client_money', 'money', false, 'A bidder''s free money', '竞买人可用资金'),
  ('client_deposits', 'money', false, 'A deposit held for one lot', '竞买保证金'),
  ('client_price', 'money', false, 'The price paid for a lot', '成交价款'),
  ('forfeited', 'money', false, 'A forfeited deposit, kept until the re-auction', '不予退还的保证金'),
  ('held', 'money', false, 'Money set aside', '冻结资金'),
  ('venue_fee', 'money', false, 'Fees of the venue', '交易服务费'),
  ('cost_payable', 'money', false, 'A cost of realisation, to be paid', '应付处置费用'),
  ('tax_payable', 'money', false, 'A seller''s tax, to be paid', '应付税费'),
  ('pledgee_payable', 'money', false, 'Due to a pledgee', '应付质权人'),
  ('creditor_payable', 'money', false, 'Due to another creditor', '应付其他债权人'),
  ('surplus_payable', 'money', false, 'Surplus due to the pledgor', '应付出质人余款'),
  ('compensation_payable', 'money', false, 'Compensation due to a party', '应付风险补偿'),
  ('fund_special_account', 'money', false, 'The fund''s special account', '风险补偿资金专户'),
  ('margin_account', 'money', false, 'The margin account', '保证金专户'),
  ('royalty_escrow', 'money', false, 'Royalties in escrow', '许可费提存'),
  ('loss', 'sharing', true, 'The loss to be shared', '待分担损失'),
  ('share', 'sharing', false, 'A party''s position', '分担头寸'),
  ('debtor', 'debt', true, 'The debtor', '债务人'),
  ('debt_costs', 'debt', false, 'Costs owed', '费用债务'),
  ('debt_interest', 'debt', false, 'Interest owed', '利息债务'),
  ('debt_principal', 'debt', false, 'Principal owed', '本金债务'),
  ('debt_penalty', 'debt', false, 'Penalty owed', '罚息违约金债务');

CREATE TABLE settlement.accounts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL,
  book text NOT NULL,
  may_go_negative boolean NOT NULL,
  -- The nil UUID stands for no owner, so that one plain index finds every account.
  owner uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  ref text NOT NULL DEFAULT '' CHECK (length(ref) <= 200),
  currency text NOT NULL DEFAULT 'CNY' CHECK (currency = 'CNY'),
  balance_fen bigint NOT NULL DEFAULT 0,
  version bigint NOT NULL DEFAULT 0 CHECK (version >= 0),
  last_version bigint GENERATED ALWAYS AS (nullif(version, 0)) STORED,
  opened_at timestamptz NOT NULL,
  UNIQUE (kind, ref, owner),
  FOREIGN KEY (kind, book, may_go_negative)
    REFERENCES settlement.account_kinds (kind, book, may_go_negative),
  CONSTRAINT accounts_not_overdrawn CHECK (may_go_negative OR balance_fen >= 0),
  CONSTRAINT accounts_empty_at_first CHECK (version > 0 OR balance_fen = 0)
) WITH (fillfactor = 50);  -- room for in-place updates of a hot account

CREATE TABLE settlement.transfers (
  id uuid PRIMARY KEY,
  idempotency_id text NOT NULL UNIQUE CHECK (length(idempotency_id) BETWEEN 1 AND 200),
  content bytea NOT NULL CHECK (octet_length(content) = 32),
  kind text NOT NULL CHECK (length(kind) BETWEEN 1 AND 60),
  ref text NOT NULL CHECK (length(ref) <= 200),
  entry_count integer NOT NULL CHECK (entry_count >= 2),
  effective_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  -- Money moves when it moves, or was moved before; nothing is posted for the future.
  CONSTRAINT transfers_not_in_future CHECK (effective_at <= recorded_at)
);
CREATE INDEX transfers_by_ref ON settlement.transfers (ref);

CREATE TABLE settlement.entries (
  account_id bigint NOT NULL REFERENCES settlement.accounts,
  account_version bigint NOT NULL CHECK (account_version > 0),
  transfer_id uuid NOT NULL REFERENCES settlement.transfers,
  amount_fen bigint NOT NULL CHECK (amount_fen <> 0 AND abs(amount_fen) <= 10000000000000),
  balance_before_fen bigint NOT NULL,
  balance_after_fen bigint NOT NULL CHECK (balance_after_fen = balance_before_fen + amount_fen),
  prev_version bigint GENERATED ALWAYS AS (nullif(account_version - 1, 0)) STORED,
  PRIMARY KEY (account_id, account_version),
  UNIQUE (transfer_id, account_id),
  UNIQUE (account_id, account_version, balance_after_fen),
  CONSTRAINT entries_begin_at_nothing CHECK (account_version > 1 OR balance_before_fen = 0),
  CONSTRAINT entries_join FOREIGN KEY (account_id, prev_version, balance_before_fen)
    REFERENCES settlement.entries (account_id, account_version, balance_after_fen)
);

-- A balance is the end of the account's chain, so it can't be changed without an entry.
ALTER TABLE settlement.accounts ADD CONSTRAINT accounts_end_of_chain
  FOREIGN KEY (id, last_version, balance_fen)
  REFERENCES settlement.entries (account_id, account_version, balance_after_fen)
  DEFERRABLE INITIALLY DEFERRED;

-- SQLSTATEs of this schema:
--   LL001 a transfer that does not balance, is empty, one-sided, or crosses books
--   LL002 an idempotency id used again with other content
--   LL003 an account would fall below 0
--   LL004 no such account
--   LL008 a change of what may only be added to
--   LL009 an account changed otherwise than by posting; LL010 an illegal change of state

CREATE FUNCTION settlement.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on settlement.%: rows are only ever added; correct by a new one', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'LL008';
END
$$;

CREATE TRIGGER transfers_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement.transfers
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
CREATE TRIGGER entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement.entries
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
CREATE TRIGGER accounts_stay BEFORE DELETE OR TRUNCATE ON settlement.accounts
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();
CREATE TRIGGER account_kinds_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement.account_kinds
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.refuse_change();

-- The account's version only rises, so the end of the chain can't be moved back to an earlier link.
CREATE FUNCTION settlement.guard_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.version <= OLD.version
     OR (NEW.id, NEW.kind, NEW.book, NEW.may_go_negative, NEW.owner, NEW.ref, NEW.currency, NEW.opened_at)
        <> (OLD.id, OLD.kind, OLD.book, OLD.may_go_negative, OLD.owner, OLD.ref, OLD.currency, OLD.opened_at) THEN
    RAISE EXCEPTION 'account %: only posting changes an account', OLD.id USING ERRCODE = 'LL009';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER accounts_only_posted BEFORE UPDATE ON settlement.accounts
  FOR EACH ROW EXECUTE FUNCTION settlement.guard_account();

-- A transfer as a whole: as many entries as its header says, at least two, in one book, adding up to 0, each of
-- them counted in its account.
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

CREATE FUNCTION settlement.check_header() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM settlement.check_transfer(NEW.id);
  RETURN NULL;
END
$$;
CREATE FUNCTION settlement.check_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM settlement.check_transfer(NEW.transfer_id);
  RETURN NULL;
END
$$;
-- Two triggers, because a header without entries fires none on entries (reliability 5.4).
CREATE CONSTRAINT TRIGGER transfers_balance AFTER INSERT ON settlement.transfers
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION settlement.check_header();
CREATE CONSTRAINT TRIGGER entries_balance AFTER INSERT ON settlement.entries
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION settlement.check_entry();

-- What a transfer says, as bytes: the same for the same content. `p_lines` are "account:amount", by account.
CREATE FUNCTION settlement.transfer_content(p_kind text, p_ref text, p_effective_at timestamptz, p_lines text)
RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT sha256(convert_to(jsonb_build_array(
    p_kind, p_ref, extract(epoch FROM p_effective_at), p_lines)::text, 'UTF8'))
$$;

-- Post a batch of transfers, all or none, in the order given. Arrays of equal length describe the transfers, then
-- the entries (`p_positions`: which transfer, from 1). An effective time that is NULL is the time of recording. An id
-- posted before with the same content is answered as the first time; with other content it is refused (LL002).
-- Locks: idempotency ids in order, then accounts in order, so that two batches never wait for each other in a ring.
CREATE FUNCTION settlement.post_transfers_v1(
  p_ids uuid[], p_idempotency_ids text[], p_kinds text[], p_refs text[], p_effective_ats timestamptz[],
  p_positions integer[], p_account_ids bigint[], p_amounts bigint[], p_recorded_at timestamptz
) RETURNS TABLE (transfer_id uuid, replayed boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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

-- The application posts through the function and in no other way.
REVOKE INSERT, UPDATE, DELETE ON settlement.account_kinds, settlement.transfers, settlement.entries FROM luochui_app;
REVOKE UPDATE, DELETE ON settlement.accounts FROM luochui_app;

-- migrate:down
DROP FUNCTION settlement.post_transfers_v1;
DROP FUNCTION settlement.transfer_content;
ALTER TABLE settlement.accounts DROP CONSTRAINT accounts_end_of_chain;
DROP TABLE settlement.entries, settlement.transfers, settlement.accounts, settlement.account_kinds;
DROP FUNCTION settlement.check_entry;
DROP FUNCTION settlement.check_header;
DROP FUNCTION settlement.check_transfer;
DROP FUNCTION settlement.guard_account;
DROP FUNCTION settlement.refuse_change;
