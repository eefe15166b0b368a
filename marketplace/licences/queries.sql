-- name: visible
-- A licence that the caller may see: $2 sees all; its lender, its holder, its licensee and its agency.
SELECT l.id FROM settlement.licences l
 WHERE l.id = $1 AND ($2::boolean OR $3::uuid IN (l.lender_id, l.holder_id, l.licensee_id)
                      OR convert_from(l.content, 'UTF8')::jsonb ->> 'agency_id' = $3::uuid::text);


-- name: has_case
SELECT EXISTS (SELECT FROM settlement.cases WHERE id = $1);

-- name: names
SELECT id, name FROM market.organisations WHERE id = ANY ($1::uuid[]);
