-- Who owes whom, by customer and currency. A customer all of whose accounts are at zero is left
-- out, one whose accounts only set each other off is not.
WITH accounts AS (
  SELECT customer, unit, kind, subject, refund, SUM(amount) AS total
  FROM postings
  WHERE kind IN ('open', 'credit', 'held_credit', 'promised_credit', 'unexplained')
    AND number <= ? AND effective_on <= ? AND (? = '' OR customer = ?)
  GROUP BY customer, unit, kind, subject, refund
  HAVING SUM(amount) <> 0
)
SELECT
  customer,
  unit,
  SUM(CASE WHEN kind = 'open' THEN total ELSE 0 END) AS opened,
  SUM(CASE WHEN kind = 'credit' THEN -total ELSE 0 END) AS credit,
  SUM(CASE WHEN kind = 'held_credit' THEN -total ELSE 0 END) AS held,
  SUM(CASE WHEN kind = 'promised_credit' THEN -total ELSE 0 END) AS promised,
  SUM(CASE WHEN kind = 'unexplained' THEN -total ELSE 0 END) AS unexplained
FROM accounts
GROUP BY customer, unit
ORDER BY customer, unit
