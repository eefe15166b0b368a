-- name: insert
-- A new claim; nothing if the loan has one that is not returned.
INSERT INTO market.claims (id, case_id, organisation_id, scheme_id, scheme_version, fund_ids, application, figures,
                           claim_sha256, state, drafted_by, drafted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'drafted', $10, $11)
ON CONFLICT (case_id) WHERE state <> 'returned' DO NOTHING
RETURNING id;

-- name: claim
-- One claim that the caller may see: $2 sees all; a bank its own; a fund, and who shares the loss, what the bank approved.
SELECT c.*, s.state AS case_state
  FROM market.claims c
  LEFT JOIN settlement.cases s ON s.id = c.case_id
 WHERE c.id = $1
   AND ($2::boolean OR c.organisation_id = $3::uuid OR (c.state = 'approved' AND ($3::uuid = ANY (c.fund_ids)
        OR EXISTS (SELECT FROM settlement.case_parties p WHERE p.case_id = c.case_id AND p.organisation_id = $3::uuid))));

-- name: page
-- The claims that the caller may see, oldest first.
SELECT c.*, s.state AS case_state
  FROM market.claims c
  LEFT JOIN settlement.cases s ON s.id = c.case_id
 WHERE ($1::uuid IS NULL OR c.id > $1)
   AND ($2::boolean OR c.organisation_id = $3::uuid OR (c.state = 'approved' AND ($3::uuid = ANY (c.fund_ids)
        OR EXISTS (SELECT FROM settlement.case_parties p WHERE p.case_id = c.case_id AND p.organisation_id = $3::uuid))))
   AND ($4::uuid IS NULL OR c.case_id = $4)
 ORDER BY c.id
 LIMIT $5;

-- name: lock_of_bank
-- One claim of a bank, locked until the transaction ends.
SELECT * FROM market.claims WHERE id = $1 AND organisation_id = $2 FOR UPDATE;

-- name: lock_of_fund
-- One claim that has come to a fund, locked until the transaction ends.
SELECT * FROM market.claims WHERE id = $1 AND state = 'approved' AND $2::uuid = ANY (fund_ids) FOR UPDATE;

-- name: lock_of_case
-- The claim of a loan that has come to its funds, locked until the transaction ends.
SELECT * FROM market.claims WHERE case_id = $1 AND state = 'approved' FOR UPDATE;

-- name: standing_of_case
-- The claim of a loan, drafted or approved.
SELECT * FROM market.claims WHERE case_id = $1 AND state <> 'returned';

-- name: decide
UPDATE market.claims SET state = $2, decided_by = $3, decided_at = $4, reason = $5 WHERE id = $1;

-- name: propose_final
UPDATE market.claims
   SET final_figures = $2, final_sha256 = $3, final_proposed_by = $4, final_proposed_at = $5
 WHERE id = $1;

-- name: drop_final
UPDATE market.claims
   SET final_figures = NULL, final_sha256 = NULL, final_proposed_by = NULL, final_proposed_at = NULL
 WHERE id = $1;

-- name: approve_final
UPDATE market.claims SET final_approved_by = $2 WHERE id = $1;

-- name: insert_review
INSERT INTO market.claim_reviews (claim_id, reviewer_id, fund_id, role, approved, reason, reviewed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: reviews
SELECT reviewer_id, fund_id, role, approved, reason, reviewed_at
  FROM market.claim_reviews
 WHERE claim_id = $1
 ORDER BY reviewed_at, role, reviewer_id;

-- name: kinds
-- What kind the active ones among these organisations are of.
SELECT id, kind FROM market.organisations WHERE id = ANY ($1::uuid[]) AND is_active;

-- name: unfinished
-- What of a loan's disposal is not over: consignments under way; lots that were sold and whose money is on its way, or
-- was distributed and is not among the recoveries; forfeited deposits that are not used, or not among them.
SELECT 'consignment' AS kind, c.id
  FROM market.consignments c
 WHERE c.case_id = $1 AND c.state IN ('submitted', 'under_review', 'accepted', 'disposing')
 UNION ALL
SELECT 'lot', s.lot_id
  FROM settlement.sales s
 WHERE s.case_id = $1
   AND s.state NOT IN ('DEFAULTED', 'RESCINDED')
   AND (s.state NOT IN ('DISTRIBUTED', 'CLOSED')
        OR NOT EXISTS (SELECT FROM settlement.case_events e
                        WHERE e.case_id = $1 AND e.event_id = 'lot:' || s.lot_id))
 UNION ALL
SELECT 'deposit', d.id
  FROM settlement.sales s
  JOIN settlement.deposits d ON d.lot_id = s.lot_id AND d.state IN ('FORFEITED', 'PARTLY_FORFEITED')
 WHERE s.case_id = $1
   AND NOT EXISTS (SELECT FROM settlement.case_events e
                    WHERE e.case_id = $1 AND e.event_id IN ('deposit:' || d.id, 'forfeited_deposit:' || d.id))
 ORDER BY 1, 2;

-- name: recovered_consignments
-- Consignments of a loan whose money came in and was distributed.
SELECT id FROM market.consignments WHERE case_id = $1 AND state = 'recovered' ORDER BY id;

-- name: scheme_versions
-- Every stored version of a scheme.
SELECT scheme_id, version FROM settlement.schemes ORDER BY scheme_id, version;

-- name: who_may_bear
-- The organisations that may stand behind a scheme's parties.
SELECT id, kind, name FROM market.organisations
 WHERE is_active AND kind IN ('guarantor', 'insurer', 'valuer', 'reguarantor', 'fund') ORDER BY name, id;
