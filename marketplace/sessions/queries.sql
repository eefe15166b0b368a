-- name: insert
INSERT INTO market.auction_sessions
  (id, number, venue_id, title, title_zh, opens_at, first_closes_at, stagger_seconds, drafted_by, created_at, updated_at)
VALUES ($1, 'ZC-' || to_char($9::timestamptz AT TIME ZONE 'Asia/Shanghai', 'YYYY') || '-'
            || lpad(nextval('market.session_numbers')::text, 6, '0'), $2, $3, $4, $5, $6, $7, $8, $9, $9);

-- name: insert_lot
INSERT INTO market.session_lots (session_id, position, lot_id, case_id, costs_fen, other_loans) VALUES ($1, $2, $3, $4, $5, $6);

-- name: pledged_loans
-- The other loans of a bank to the same borrower for which the register has one of these rights pledged.
SELECT DISTINCT p.case_id
  FROM market.pledge_assets a
  JOIN market.pledges p ON p.id = a.pledge_id AND p.state <> 'cancelled'
  JOIN market.loan_cases c ON c.id = p.case_id
  JOIN market.loan_cases own ON own.id = $2
 WHERE a.asset_id = ANY ($1::uuid[]) AND c.id <> own.id
   AND (c.organisation_id, c.borrower_code) = (own.organisation_id, own.borrower_code)
 ORDER BY p.case_id;

-- name: insert_group
INSERT INTO market.session_groups (session_id, n, asset_ids, reason) VALUES ($1, $2, $3, $4);

-- name: insert_consent
INSERT INTO market.session_consents (session_id, case_id, document_sha256, recorded_by, recorded_at)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT (session_id, case_id) DO NOTHING;

-- name: by_id
SELECT id, number, venue_id, title, title_zh, state, opens_at, first_closes_at, stagger_seconds, published_at, reason, created_at
  FROM market.auction_sessions WHERE id = $1 AND (venue_id = $2 OR published_at IS NOT NULL);

-- name: lock
SELECT id, number, venue_id, title, title_zh, state, opens_at, first_closes_at, stagger_seconds, published_at, reason, created_at,
       drafted_by, published_by
  FROM market.auction_sessions WHERE id = $1 FOR UPDATE;

-- name: page
SELECT id, number, venue_id, title, title_zh, state, opens_at, first_closes_at, stagger_seconds, published_at, reason, created_at
  FROM market.auction_sessions
 WHERE (venue_id = $2 OR published_at IS NOT NULL) AND ($1::uuid IS NULL OR id < $1)
 ORDER BY id DESC LIMIT $3;

-- name: lots
SELECT s.position, s.lot_id, l.number, l.title, l.title_zh, l.status, l.opens_at, l.closes_at, s.stopped_at, s.other_loans
  FROM market.session_lots s JOIN market.lots l ON l.id = s.lot_id
 WHERE s.session_id = $1 ORDER BY s.position;

-- name: publish
UPDATE market.auction_sessions SET state = 'published', published_by = $2, published_at = $3, updated_at = $3 WHERE id = $1;

-- name: set_state
UPDATE market.auction_sessions SET state = $2, reason = $3, updated_at = $4 WHERE id = $1;

-- name: session_of_lot
SELECT session_id FROM market.session_lots WHERE lot_id = $1 AND freed_at IS NULL;

-- name: of_session
-- The lots of a session with the loans behind them, in the order in which they close, what those sold came to, and whether
-- the debtor agreed to the sale of this one whatever the others bring, or to that of all for one of its loans.
SELECT s.lot_id, s.case_id, s.other_loans, s.costs_fen, s.stopped_at, l.status, r.price_fen,
       EXISTS (SELECT FROM market.lot_consents a WHERE a.lot_id = s.lot_id)
         OR EXISTS (SELECT FROM market.session_consents a
                     WHERE a.session_id = s.session_id AND (a.case_id = s.case_id OR a.case_id = ANY (s.other_loans))) AS is_agreed
  FROM market.session_lots s
  JOIN market.lots l ON l.id = s.lot_id
  LEFT JOIN market.sales r ON r.lot_id = s.lot_id
 WHERE s.session_id = $1 AND s.freed_at IS NULL ORDER BY s.position;

-- name: stop
UPDATE market.session_lots SET stopped_at = $2 WHERE lot_id = $1 AND stopped_at IS NULL AND freed_at IS NULL;

-- name: free
-- The lots of a session that is given up may be arranged in another one.
UPDATE market.session_lots SET freed_at = $2 WHERE session_id = $1 AND freed_at IS NULL;

-- name: has_case
SELECT EXISTS (SELECT FROM market.session_lots WHERE session_id = $1 AND (case_id = $2 OR $2 = ANY (other_loans)));

-- name: running
SELECT count(*) FROM market.session_lots s JOIN market.lots l ON l.id = s.lot_id
 WHERE s.session_id = $1
   AND l.status IN ('draft', 'checked', 'notified', 'published', 'registration', 'open', 'paused');
