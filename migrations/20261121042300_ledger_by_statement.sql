-- migrate:up
-- The entries of a batch are checked together, once, as they are written, and no longer one by one at the commit: entries
-- that leave a transfer unbalanced are refused at once. The header's own check stays at the commit, where it also sees
-- that every entry is counted in its account.
CREATE FUNCTION settlement.check_entries() RETURNS trigger LANGUAGE plpgsql AS $$
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
DROP TRIGGER entries_balance ON settlement.entries;
CREATE TRIGGER entries_balance AFTER INSERT ON settlement.entries
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION settlement.check_entries();

-- Licence income waits on payable accounts of its licence: whoever holds its money pays it out.
CREATE OR REPLACE VIEW settlement.payouts_held AS
  SELECT p.id, s.venue_id AS holder_id
    FROM settlement.payouts p
    JOIN settlement.accounts a ON a.id = p.source_id AND a.kind NOT IN ('compensation_payable', 'refund_payable')
    JOIN settlement.sales s ON s.lot_id::text = a.ref
  UNION ALL
  SELECT DISTINCT p.id, f.owner
    FROM settlement.payouts p
    JOIN settlement.accounts a ON a.id = p.source_id AND a.kind = 'compensation_payable'
    JOIN settlement.entries e ON e.account_id = a.id AND e.amount_fen = p.amount_fen
    JOIN settlement.transfers t ON t.id = e.transfer_id AND t.recorded_at = p.queued_at AND t.ref = p.ref
                               AND t.kind || '_paid' = p.purpose
    JOIN settlement.entries x ON x.transfer_id = t.id AND x.amount_fen < 0
    JOIN settlement.accounts f ON f.id = x.account_id AND f.kind = 'fund_special_account'
  UNION ALL
  SELECT p.id, split_part(a.ref, ':', 1)::uuid
    FROM settlement.payouts p
    JOIN settlement.accounts a ON a.id = p.source_id AND a.kind = 'refund_payable'
  UNION ALL
  SELECT p.id, l.holder_id
    FROM settlement.payouts p
    JOIN settlement.accounts a ON a.id = p.source_id
    JOIN settlement.licences l ON l.id::text = a.ref AND p.ref = 'licence:' || l.id::text
  UNION ALL
  -- A margin account that is released was the fund's until then.
  SELECT DISTINCT p.id, q.fund_id
    FROM settlement.payouts p
    JOIN settlement.accounts a ON a.id = p.source_id AND a.kind = 'compensation_payable'
    JOIN settlement.case_promises q ON q.case_id::text = a.ref AND q.advance_fen > 0
   WHERE p.purpose = 'margin_released_paid';

-- migrate:down
CREATE OR REPLACE VIEW settlement.payouts_held AS
  SELECT p.id, s.venue_id AS holder_id
    FROM settlement.payouts p
    JOIN settlement.accounts a ON a.id = p.source_id AND a.kind NOT IN ('compensation_payable', 'refund_payable')
    JOIN settlement.sales s ON s.lot_id::text = a.ref
  UNION ALL
  SELECT DISTINCT p.id, f.owner
    FROM settlement.payouts p
    JOIN settlement.accounts a ON a.id = p.source_id AND a.kind = 'compensation_payable'
    JOIN settlement.entries e ON e.account_id = a.id AND e.amount_fen = p.amount_fen
    JOIN settlement.transfers t ON t.id = e.transfer_id AND t.recorded_at = p.queued_at AND t.ref = p.ref
                               AND t.kind || '_paid' = p.purpose
    JOIN settlement.entries x ON x.transfer_id = t.id AND x.amount_fen < 0
    JOIN settlement.accounts f ON f.id = x.account_id AND f.kind = 'fund_special_account'
  UNION ALL
  SELECT p.id, split_part(a.ref, ':', 1)::uuid
    FROM settlement.payouts p
    JOIN settlement.accounts a ON a.id = p.source_id AND a.kind = 'refund_payable';
DROP TRIGGER entries_balance ON settlement.entries;
CREATE CONSTRAINT TRIGGER entries_balance AFTER INSERT ON settlement.entries
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION settlement.check_entry();
DROP FUNCTION settlement.check_entries;
