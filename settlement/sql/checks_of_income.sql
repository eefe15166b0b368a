-- name: credits_once
-- A bank's reference is booked as one money: a payment, a fee, a mandate's income, or, of one bank, a route's flow.
SELECT DISTINCT c.bank_reference AS subject
  FROM settlement.credits c JOIN settlement.credits o ON o.bank_reference = c.bank_reference AND o.id <> c.id
 WHERE 'FLOW' NOT IN (c.kind, o.kind) OR c.holder_id = o.holder_id;

-- name: buyer_claims_paid
-- What a claim on a buyer counts as paid is what its receipts applied, and each receipt was passed on whole.
SELECT c.lot_id::text AS subject
  FROM settlement.buyer_claims c
  LEFT JOIN (SELECT lot_id, sum(applied_fen) AS applied_fen FROM settlement.buyer_claim_receipts GROUP BY lot_id) r USING (lot_id)
 WHERE c.paid_fen <> coalesce(r.applied_fen, 0)
UNION ALL
SELECT r.lot_id::text
  FROM settlement.buyer_claim_receipts r
  LEFT JOIN settlement.transfers t ON t.idempotency_id = 'buyer_claim:' || r.id
  LEFT JOIN settlement.entries e ON e.transfer_id = t.id AND e.amount_fen < 0
 WHERE e.amount_fen IS DISTINCT FROM -r.applied_fen;

-- name: royalties_in_escrow
-- A licence's escrow holds its receipts that wait for their case, and nothing else.
SELECT coalesce(a.owner, r.licence_id)::text AS subject
  FROM (SELECT owner, balance_fen FROM settlement.accounts WHERE kind = 'royalty_escrow') a
  FULL JOIN (SELECT licence_id, sum(applied_fen) FILTER (WHERE state = 'ESCROWED') AS waiting_fen
               FROM settlement.royalty_receipts GROUP BY licence_id) r ON r.licence_id = a.owner
 WHERE coalesce(a.balance_fen, 0) <> coalesce(r.waiting_fen, 0);

-- name: invoices_paid
-- What an invoice counts as paid is what its receipts applied to it.
SELECT i.id::text AS subject
  FROM settlement.royalty_invoices i
  LEFT JOIN (SELECT invoice_id, sum(applied_fen) AS applied_fen FROM settlement.royalty_receipts GROUP BY invoice_id) r
    ON r.invoice_id = i.id
 WHERE i.paid_fen <> coalesce(r.applied_fen, 0);

-- name: clearings_agree
-- A case's clearing is the newest version of it, and the versions have no gaps.
SELECT c.id::text AS subject
  FROM settlement.cases c
  LEFT JOIN LATERAL (SELECT count(*) AS n, max(version) AS version FROM settlement.case_finals WHERE case_id = c.id) v ON true
  LEFT JOIN settlement.case_finals f ON f.case_id = c.id AND f.version = v.version
 WHERE c.final IS DISTINCT FROM f.final OR v.n <> coalesce(v.version, 0);

-- name: margins_wait
-- Nothing is set aside for a case that is cleared, closed, rejected or taken back.
SELECT c.id::text AS subject
  FROM settlement.accounts a JOIN settlement.cases c ON c.id::text = a.ref
 WHERE a.kind = 'margin_account' AND a.balance_fen <> 0 AND c.state NOT IN ('ADVANCE_PAID', 'DISPOSAL');

-- name: returns_booked
-- What counts as returned or paid for a case came into the fund's account.
SELECT c.id::text AS subject
  FROM settlement.cases c
  LEFT JOIN LATERAL (SELECT coalesce(sum(fen), 0) AS fen FROM (
      SELECT -amount_fen AS fen FROM settlement.case_settlements
       WHERE case_id = c.id AND amount_fen < 0 AND bank_reference IS NOT NULL
      UNION ALL
      SELECT amount_fen FROM settlement.case_charges WHERE case_id = c.id AND settled_at IS NOT NULL) s) s ON true
  LEFT JOIN LATERAL (SELECT coalesce(sum(e.amount_fen), 0) AS fen
      FROM settlement.transfers t JOIN settlement.entries e ON e.transfer_id = t.id
      JOIN settlement.accounts a ON a.id = e.account_id AND a.kind = 'fund_special_account'
     WHERE t.ref = 'case:' || c.id AND t.kind IN ('compensation_returned', 'late_interest_paid', 'clawback_paid')) b ON true
 WHERE s.fen <> b.fen;
