-- How many documents each thing is said of, by currency, and what they come to on both sides; goes
-- on from compared.sql.
SELECT
  kind,
  COALESCE(currency_here, currency_there, '') AS currency,
  COUNT(*) AS documents,
  COALESCE(SUM(amount_here), 0) AS amount_here,
  COALESCE(SUM(amount_there), 0) AS amount_there
FROM said
WHERE holds
GROUP BY kind, COALESCE(currency_here, currency_there, '')
ORDER BY kind, currency
