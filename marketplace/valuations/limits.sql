-- name: widened
-- The limit of a lender's loans whose scheme states one: a loan is its scheme's once its enrolment was accepted, or once
-- there is a case.
SELECT e.loan_number,
       max((convert_from(s.content, 'UTF8')::jsonb #>> '{terms,internal_valuation_max_fen}')::bigint) AS limit_fen
  FROM (SELECT lender_id, loan_number, scheme_id, scheme_version FROM settlement.enrolments WHERE state = 'ACCEPTED'
         UNION
        SELECT lender_id, loan_number, scheme_id, scheme_version FROM settlement.cases) e
  JOIN settlement.schemes s ON s.scheme_id = e.scheme_id AND s.version = e.scheme_version
 WHERE e.lender_id = $1 AND e.loan_number = ANY ($2::text[])
   AND convert_from(s.content, 'UTF8')::jsonb #> '{terms,internal_valuation_max_fen}' IS NOT NULL
 GROUP BY e.loan_number;
