-- name: ensure
INSERT INTO market.collections (lot_id, state, updated_at) VALUES ($1, 'announced', $2) ON CONFLICT (lot_id) DO NOTHING;

-- name: by_lot
SELECT lot_id, state, answer, offer_id, reason, proposed_by, decided_by FROM market.collections WHERE lot_id = $1;

-- name: set_state
UPDATE market.collections SET state = $2, decided_by = coalesce($3, decided_by), updated_at = $4 WHERE lot_id = $1;

-- name: propose
UPDATE market.collections
   SET answer = $2, offer_id = $3, reason = $4, proposed_by = $5, updated_at = $6
 WHERE lot_id = $1;

-- name: withdraw_answer
UPDATE market.collections SET answer = NULL, offer_id = NULL, proposed_by = NULL, updated_at = $2 WHERE lot_id = $1;

-- name: insert_offer
INSERT INTO market.collection_offers (id, lot_id, bidder_id, paddle, round, amount_fen, commitment, made_by, made_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: offers
SELECT id, paddle, round, amount_fen, commitment, made_at, opened_at
  FROM market.collection_offers WHERE lot_id = $1 ORDER BY id;

-- name: bidder_of_offer
SELECT bidder_id FROM market.collection_offers WHERE id = $1 AND lot_id = $2;

-- name: open_offer
UPDATE market.collection_offers SET amount_fen = $2, nonce = $3, opened_at = $4 WHERE id = $1;

-- name: insert_instalment
INSERT INTO market.instalments (id, lot_id, n, amount_fen, due_at) VALUES ($1, $2, $3, $4, $5);

-- name: instalments
-- With the interest that each bears, which settlement keeps.
SELECT i.n, i.amount_fen, coalesce(s.interest_fen, 0) AS interest_fen, i.due_at, i.state
  FROM market.instalments i LEFT JOIN settlement.instalments s ON s.lot_id = i.lot_id AND s.number = i.n
 WHERE i.lot_id = $1 ORDER BY i.n;

-- name: lock_instalment
SELECT lot_id, n, state FROM market.instalments WHERE id = $1 FOR UPDATE;

-- name: set_instalment
UPDATE market.instalments SET state = $2, checked_at = $3 WHERE id = $1;

-- name: insert_repurchase
INSERT INTO market.repurchases (lot_id, buyer_id, price_fen, open_until) VALUES ($1, $2, $3, $4);

-- name: repurchase
SELECT price_fen, open_until, state, evidence, exercised_at, completed_at, buyer_id
  FROM market.repurchases WHERE lot_id = $1;

-- name: lock_repurchase
SELECT price_fen, open_until, state, evidence, exercised_at, completed_at, buyer_id
  FROM market.repurchases WHERE lot_id = $1 FOR UPDATE;

-- name: exercise
UPDATE market.repurchases SET state = 'exercised', evidence = $2, exercised_by = $3, exercised_at = $4 WHERE lot_id = $1;

-- name: complete
UPDATE market.repurchases SET state = 'completed', completed_by = $2, completed_at = $3 WHERE lot_id = $1;

-- name: lapse
UPDATE market.repurchases SET state = 'lapsed' WHERE lot_id = $1;
