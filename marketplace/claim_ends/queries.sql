-- name: names_of_case
-- What everybody who acts in a claim is called.
SELECT o.id, o.name FROM settlement.case_parties p JOIN market.organisations o ON o.id = p.organisation_id WHERE p.case_id = $1
 UNION
SELECT c.borrower_id, l.borrower_name FROM settlement.cases c JOIN market.loan_cases l ON l.id = c.id WHERE c.id = $1
 UNION
SELECT u.id, u.display_name FROM settlement.case_reviews r JOIN market.users u ON u.id = r.reviewer_id WHERE r.case_id = $1
 UNION
SELECT u.id, u.display_name FROM settlement.cases c JOIN market.users u ON u.id = c.applied_by WHERE c.id = $1;

-- name: name
SELECT id, name FROM market.organisations WHERE id = $1;
