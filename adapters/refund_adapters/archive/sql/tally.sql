-- How many documents each thing is said of, by currency, and what they come to on both sides; goes
-- on from compared.sql.
SELECT
  kind,
  currency,
  COUNT(*) AS documents,
  COALESCE(SUM(amount_here), 0) AS amount_here,
  COALESCE(SUM(amount_there), 0) AS amount_there
FROM (
  SELECT kind, COALESCE(currency_here, currency_there, ?) AS currency, amount_here, amount_there
  FROM said
  WHERE holds
) AS told
GROUP BY kind, currency
ORDER BY kind, currency
