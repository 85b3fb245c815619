-- Everything that differs, document by document; goes on from compared.sql.
SELECT
  kind, half, series, document, role, customer_here, customer_there,
  currency_here, currency_there, amount_here, amount_there
FROM said
WHERE holds AND kind NOT IN ('matched', 'beside')
ORDER BY half, series, document, kind
LIMIT ?
