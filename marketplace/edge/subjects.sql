-- Whether the caller sees what an address names, by the name of the parameter; row-level security answers.

-- name: account_id
SELECT EXISTS (SELECT FROM settlement.payee_accounts WHERE id = $1);

-- name: auction_id
SELECT EXISTS (SELECT FROM market.lots WHERE id = $1);

-- name: bidder_id
SELECT EXISTS (SELECT FROM market.bidders WHERE id = $1);

-- name: claim_id
SELECT EXISTS (SELECT FROM market.claims WHERE id = $1);

-- name: consignment_id
SELECT EXISTS (SELECT FROM market.consignments WHERE id = $1);

-- name: decision_id
SELECT EXISTS (SELECT FROM settlement.bank_decisions WHERE id = $1);

-- name: enrolment_id
SELECT EXISTS (SELECT FROM settlement.enrolments WHERE id = $1);

-- name: entry_id
SELECT EXISTS (SELECT FROM settlement.bank_entries WHERE id = $1);

-- name: file_id
SELECT EXISTS (SELECT FROM settlement.payment_files WHERE id = $1);

-- name: fund_id
SELECT EXISTS (SELECT FROM market.organisations WHERE id = $1);

-- name: liability_id
SELECT EXISTS (SELECT FROM market.liabilities WHERE id = $1);

-- name: licence_id
SELECT EXISTS (SELECT FROM settlement.licences WHERE id = $1);

-- name: lot_id
SELECT EXISTS (SELECT FROM market.lots WHERE id = $1);

-- name: return_id
SELECT EXISTS (SELECT FROM market.quarterly_returns WHERE id = $1);

-- name: draw_id
SELECT EXISTS (SELECT FROM market.expert_draws WHERE id = $1);

-- name: plan_id
SELECT EXISTS (SELECT FROM market.plans WHERE id = $1);

-- name: route_id
SELECT EXISTS (SELECT FROM market.recorded_routes WHERE id = $1);

-- name: set_off_id
SELECT EXISTS (SELECT FROM market.set_offs WHERE id = $1);

-- name: grant_id
SELECT EXISTS (SELECT FROM market.licence_grants WHERE id = $1);

-- name: mandate_id
SELECT EXISTS (SELECT FROM market.mandates WHERE id = $1);

-- name: offer_id
SELECT EXISTS (SELECT FROM market.licence_offers WHERE id = $1);

-- name: auction_session_id
SELECT EXISTS (SELECT FROM market.auction_sessions WHERE id = $1);
