-- name: visible
-- A licence that the caller may see: $2 sees all; its lender, its holder, its licensee and its agency.
SELECT l.id FROM settlement.licences l
 WHERE l.id = $1 AND ($2::boolean OR $3::uuid IN (l.lender_id, l.holder_id, l.licensee_id)
                      OR convert_from(l.content, 'UTF8')::jsonb ->> 'agency_id' = $3::uuid::text);


-- name: page
-- The licences that the caller may see, as `visible` says, oldest first: what was invoiced, and what was paid of it.
SELECT l.id, l.content, l.state,
       coalesce(sum(i.due_fen), 0)::bigint AS due_fen, coalesce(sum(i.paid_fen), 0)::bigint AS paid_fen
  FROM settlement.licences l
  LEFT JOIN settlement.royalty_invoices i ON i.licence_id = l.id
 WHERE ($1::uuid IS NULL OR l.id > $1)
   AND ($2::boolean OR $3::uuid IN (l.lender_id, l.holder_id, l.licensee_id)
        OR convert_from(l.content, 'UTF8')::jsonb ->> 'agency_id' = $3::uuid::text)
 GROUP BY l.id
 ORDER BY l.id
 LIMIT $4;

-- name: has_case
SELECT EXISTS (SELECT FROM settlement.cases WHERE id = $1);

-- name: names
SELECT id, name FROM market.organisations WHERE id = ANY ($1::uuid[]);
