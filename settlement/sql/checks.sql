-- name: transfers_balance
-- Each transfer has the entries that its header counts, at least two, adding up to 0 within one book.
SELECT t.id::text AS subject
  FROM settlement.transfers t
  LEFT JOIN LATERAL (
    SELECT count(*) AS entries, sum(e.amount_fen) AS total, count(DISTINCT a.book) AS books
      FROM settlement.entries e JOIN settlement.accounts a ON a.id = e.account_id WHERE e.transfer_id = t.id) s ON true
 WHERE s.entries < 2 OR s.entries <> t.entry_count OR s.total <> 0 OR s.books <> 1;

-- name: transfer_contents
-- Each transfer still says what its idempotency id was given for.
SELECT t.id::text AS subject
  FROM settlement.transfers t
  JOIN LATERAL (SELECT string_agg(e.account_id || ':' || e.amount_fen, ',' ORDER BY e.account_id) AS lines
                  FROM settlement.entries e WHERE e.transfer_id = t.id) s ON true
 WHERE t.content NOT IN (settlement.transfer_content(t.kind, t.ref, t.effective_at, s.lines),
                         settlement.transfer_content(t.kind, t.ref, NULL, s.lines));

-- name: books_balance
-- All the entries of a book add up to 0.
SELECT a.book AS subject
  FROM settlement.entries e JOIN settlement.accounts a ON a.id = e.account_id
 GROUP BY a.book HAVING sum(e.amount_fen) <> 0;

-- name: balances_are_sums
-- Each balance is the sum of the account's entries, and its version their number.
SELECT a.id::text || ' ' || a.kind AS subject
  FROM settlement.accounts a
  LEFT JOIN (SELECT account_id, sum(amount_fen) AS total, count(*) AS entries
               FROM settlement.entries GROUP BY account_id) s ON s.account_id = a.id
 WHERE a.balance_fen <> coalesce(s.total, 0) OR a.version <> coalesce(s.entries, 0);

-- name: entries_join
-- Each entry begins where the one before it on the account ended.
SELECT e.account_id || '/' || e.account_version AS subject
  FROM (SELECT *, lag(balance_after_fen, 1, 0::bigint) OVER w AS ended_fen, row_number() OVER w AS position
          FROM settlement.entries WINDOW w AS (PARTITION BY account_id ORDER BY account_version)) e
 WHERE e.balance_before_fen <> e.ended_fen OR e.account_version <> e.position
    OR e.balance_after_fen <> e.balance_before_fen + e.amount_fen;

-- name: nothing_overdrawn
-- No account that may not was ever below 0.
SELECT e.account_id || '/' || e.account_version AS subject
  FROM settlement.entries e JOIN settlement.accounts a ON a.id = e.account_id
 WHERE NOT a.may_go_negative AND e.balance_after_fen < 0;

-- name: holds_stand
-- An open hold's money is on its account, a closed one's is not.
SELECT h.id::text AS subject
  FROM settlement.holds h JOIN settlement.accounts a ON a.id = h.held_id
 WHERE a.balance_fen <> CASE h.state WHEN 'HELD' THEN h.amount_fen ELSE 0 END;

-- name: deposits_end_once
-- Each deposit's state is that of its hold, and what was kept is what was captured.
SELECT d.id::text AS subject
  FROM settlement.deposits d LEFT JOIN settlement.holds h ON h.id = d.hold_id
 WHERE d.state <> 'CREATED'
   AND (h.state, h.captured_fen) IS DISTINCT FROM (
     CASE d.state WHEN 'FROZEN' THEN 'HELD' WHEN 'RELEASED' THEN 'RELEASED' ELSE 'CAPTURED' END, d.kept_fen);

-- name: prices_paid
-- What a sale counts as paid came onto the lot's price account.
SELECT s.lot_id::text AS subject
  FROM settlement.sales s
  LEFT JOIN settlement.accounts a ON a.kind = 'client_price' AND a.ref = s.lot_id::text
  LEFT JOIN LATERAL (SELECT sum(e.amount_fen) AS total FROM settlement.entries e
                      WHERE e.account_id = a.id AND e.amount_fen > 0) p ON true
 WHERE s.paid_fen <> coalesce(p.total, 0)
    OR coalesce(a.balance_fen, 0) <> CASE WHEN s.state IN ('DISTRIBUTED', 'CLOSED') THEN 0 ELSE s.paid_fen - s.returned_fen END
    OR (s.state = 'RESCINDED' AND s.returned_fen <> s.paid_fen);

-- name: interest_paid
-- What a sale counts as paid of its instalments' interest came onto the lot's account for it, and left with the price.
SELECT s.lot_id::text AS subject
  FROM settlement.sales s
  LEFT JOIN settlement.accounts a ON a.kind = 'client_interest' AND a.ref = s.lot_id::text
  LEFT JOIN LATERAL (SELECT sum(e.amount_fen) AS total FROM settlement.entries e
                      WHERE e.account_id = a.id AND e.amount_fen > 0) p ON true
 WHERE s.interest_paid_fen <> coalesce(p.total, 0)
    OR coalesce(a.balance_fen, 0) <> CASE WHEN s.state IN ('DISTRIBUTED', 'CLOSED') OR s.returned_fen > 0 THEN 0
                                          ELSE s.interest_paid_fen END
    OR s.interest_due_fen <> (SELECT coalesce(sum(i.interest_fen), 0) FROM settlement.instalments i WHERE i.lot_id = s.lot_id)
    OR s.interest_paid_fen <> (SELECT coalesce(sum(c.interest_fen), 0) FROM settlement.payments_in c WHERE c.lot_id = s.lot_id);

-- name: orders_carried_out
-- What two people ordered was done: a sale that was undone and a payment by hand have their order, and the order its deed.
SELECT o.id::text AS subject
  FROM settlement.money_orders o
 WHERE o.state = 'DONE' AND CASE o.kind
   WHEN 'RESCISSION' THEN NOT EXISTS (SELECT FROM settlement.sales s WHERE s.lot_id = o.subject_id AND s.state = 'RESCINDED')
   WHEN 'REVOCATION' THEN NOT EXISTS (SELECT FROM settlement.sales s WHERE s.lot_id = o.subject_id AND s.state = 'RESCINDED')
   WHEN 'PAID_BY_HAND' THEN NOT EXISTS (SELECT FROM settlement.payouts p WHERE p.id = o.subject_id AND p.state = 'PAID')
   WHEN 'PAYOUT_REFERENCE' THEN NOT EXISTS (SELECT FROM settlement.payouts p WHERE p.id = o.subject_id AND p.state = 'PAID')
   WHEN 'INSTALMENTS' THEN NOT EXISTS (SELECT FROM settlement.instalments i WHERE i.lot_id = o.subject_id AND i.order_id = o.id)
   ELSE NOT EXISTS (SELECT FROM settlement.forfeitures f WHERE f.deposit_id = o.subject_id) END
UNION ALL
SELECT s.lot_id::text FROM settlement.sales s
 WHERE s.state = 'RESCINDED' AND NOT EXISTS (
   SELECT FROM settlement.money_orders o WHERE o.kind IN ('RESCISSION', 'REVOCATION') AND o.subject_id = s.lot_id AND o.state = 'DONE')
UNION ALL
SELECT i.lot_id::text FROM settlement.instalments i JOIN settlement.sales s ON s.lot_id = i.lot_id
 GROUP BY i.lot_id, s.due_fen HAVING sum(i.amount_fen) <> s.due_fen;

-- name: payouts_covered
-- What waits to leave is on its payable account.
SELECT a.id::text || ' ' || a.kind AS subject
  FROM settlement.payouts p JOIN settlement.accounts a ON a.id = p.source_id
 GROUP BY a.id, a.kind, a.balance_fen
HAVING a.balance_fen <> coalesce(sum(p.amount_fen) FILTER (WHERE p.state <> 'PAID'), 0);

-- name: plans_paid_in_full
-- A paid plan's transfer took the whole price and its interest from the lot, and no more.
SELECT p.id::text AS subject
  FROM settlement.plans p
  JOIN settlement.sales s ON s.lot_id = p.lot_id
  LEFT JOIN LATERAL (SELECT sum(e.amount_fen) FILTER (WHERE a.kind = 'client_price') AS price_fen,
                            coalesce(sum(e.amount_fen) FILTER (WHERE a.kind = 'client_interest'), 0) AS interest_fen,
                            count(*) FILTER (WHERE a.kind NOT IN ('client_price', 'client_interest')) AS others
                       FROM settlement.entries e JOIN settlement.accounts a ON a.id = e.account_id
                      WHERE e.transfer_id = p.transfer_id AND e.amount_fen < 0) e ON true
 WHERE p.state = 'PAID' AND (e.price_fen IS DISTINCT FROM -s.due_fen OR e.interest_fen <> -s.interest_paid_fen OR e.others > 0);

-- name: positions_are_losses
-- The positions of a case add up to the loss that is left of it.
SELECT a.owner::text AS subject
  FROM settlement.accounts a WHERE a.book = 'sharing'
 GROUP BY a.owner HAVING sum(a.balance_fen) <> 0;

-- name: cases_agree
-- A case's positions and debt are the balances of its accounts.
SELECT c.id::text AS subject
  FROM settlement.cases c
 WHERE c.book IS NOT NULL AND c.state NOT IN ('COMP_APPLIED', 'REJECTED', 'SUSPENDED_BY_BREAKER')
   AND (EXISTS (
     SELECT FROM jsonb_each_text(convert_from(c.book, 'UTF8')::jsonb -> 'positions') p (party, fen)
      WHERE p.fen::bigint <> coalesce((SELECT balance_fen FROM settlement.accounts a
        WHERE a.kind = 'share' AND a.owner = c.id AND a.ref = p.party), 0))
   OR EXISTS (
     SELECT FROM jsonb_each_text(convert_from(c.book, 'UTF8')::jsonb -> 'debt') d (name, fen)
      WHERE d.fen::bigint <> coalesce((SELECT balance_fen FROM settlement.accounts a
        WHERE a.kind = 'debt_' || replace(d.name, '_fen', '') AND a.owner = c.id), 0)));

-- name: liabilities_paid
-- Each payout that a party of a case recorded moved its amount from the party to its payee once, and nothing else did.
SELECT coalesce(p.id, t.id)::text AS subject
  FROM settlement.liability_payouts p
  FULL JOIN (SELECT id, idempotency_id FROM settlement.transfers WHERE kind = 'liability_paid') t
    ON t.idempotency_id = 'case:' || p.case_id || ':liability:' || p.party || ':' || p.to_party
  LEFT JOIN LATERAL (SELECT sum(e.amount_fen) FILTER (WHERE a.owner = p.organisation_id AND e.amount_fen < 0) AS out_fen,
                            sum(e.amount_fen) FILTER (WHERE a.owner = p.payee_id AND e.amount_fen > 0) AS in_fen
                       FROM settlement.entries e JOIN settlement.accounts a ON a.id = e.account_id AND a.kind = 'outside'
                      WHERE e.transfer_id = t.id) m ON true
 WHERE p.id IS NULL OR m.out_fen IS DISTINCT FROM -p.amount_fen OR m.in_fen IS DISTINCT FROM p.amount_fen;

-- name: unmatched_wait
-- What is nobody's yet is what the queue of credits holds.
SELECT coalesce(a.owner, w.holder_id)::text AS subject
  FROM (SELECT owner, balance_fen FROM settlement.accounts WHERE kind = 'unmatched') a
  FULL JOIN (SELECT holder_id, sum(amount_fen) AS waiting_fen FROM settlement.bank_entries
              WHERE direction = 'CREDIT' AND state IN ('OPEN', 'HELD') GROUP BY holder_id) w ON w.holder_id = a.owner
 WHERE coalesce(a.balance_fen, 0) <> coalesce(w.waiting_fen, 0);

-- name: payments_sent_once
-- What was sent stands in one file that was exported, and what a file says is paid is paid.
SELECT p.id::text AS subject
  FROM settlement.payouts p
  LEFT JOIN LATERAL (SELECT count(*) AS files, count(*) FILTER (WHERE l.state = 'PAID') AS paid
                       FROM settlement.payment_lines l JOIN settlement.payment_files f ON f.id = l.file_id
                      WHERE l.payout_id = p.id AND f.state = 'EXPORTED'
                        AND l.state IN ('PENDING', 'ACCEPTED', 'PAID')) s ON true
 WHERE (p.state = 'SENT' AND (s.files <> 1 OR s.paid <> 0)) OR (s.paid > 0 AND p.state <> 'PAID');

-- name: guards_stand
-- Every guard of the schema is in force: none is disabled, dropped or not validated.
SELECT g.name AS subject
  FROM unnest(ARRAY['transfers_balance', 'transfers_append_only', 'entries_append_only',
                    'accounts_stay', 'accounts_begin', 'accounts_only_posted', 'holds_steps', 'deposits_steps', 'sales_steps',
                    'plans_terms', 'plans_steps', 'payouts_steps', 'case_events_append_only',
                    'statements_append_only', 'bank_entries_steps', 'bank_entries_terms', 'bank_decisions_steps',
                    'payee_accounts_terms', 'payment_files_terms', 'payment_files_steps', 'payment_lines_steps',
                    'money_orders_terms', 'money_orders_steps', 'instalments_append_only', 'objections_terms',
                    'sale_claims_append_only', 'buyer_claims_terms', 'buyer_claim_receipts_append_only',
                    'liability_payouts_append_only', 'liability_payouts_credit'])
       AS g (name)
 WHERE NOT EXISTS (SELECT FROM pg_trigger t JOIN pg_class r ON r.oid = t.tgrelid
                    WHERE t.tgname = g.name AND t.tgenabled IN ('O', 'A')
                      AND r.relnamespace = 'settlement'::regnamespace)
UNION ALL
SELECT g.name
  FROM unnest(ARRAY['accounts_end_of_chain', 'entries_join', 'entries_of_transfer', 'entries_once_a_line', 'entries_line_of_all',
                     'accounts_not_overdrawn', 'holds_not_over_captured',
                    'liability_payouts_once', 'liability_payouts_reference_once', 'liability_payouts_two_people',
                    'plans_two_people', 'plans_approved_as_shown', 'cases_one_a_loan', 'bank_entries_once',
                    'bank_decisions_two_people', 'bank_decisions_seconded', 'payee_accounts_two_people',
                    'payment_files_two_people', 'payment_files_approved_as_shown', 'money_orders_two_people',
                    'money_orders_as_shown', 'sales_returned_whole', 'sales_interest_in_full', 'buyer_claims_not_overpaid']) AS g (name)
 WHERE NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conname = g.name AND c.convalidated
                    AND c.connamespace = 'settlement'::regnamespace);

-- name: totals
SELECT (SELECT count(*) FROM settlement.transfers) AS transfers,
       (SELECT count(*) FROM settlement.entries) AS entries,
       (SELECT count(*) FROM settlement.accounts) AS accounts,
       (SELECT coalesce(-sum(balance_fen), 0)::bigint FROM settlement.accounts WHERE kind = 'outside') AS in_custody_fen;
