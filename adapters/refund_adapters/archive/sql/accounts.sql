-- The signed sum of each account, those that are not zero.
SELECT company, kind, subject, refund, customer, item, unit, SUM(amount) AS total
FROM postings
WHERE number <= ? AND effective_on <= ?
GROUP BY company, kind, subject, refund, customer, item, unit
HAVING SUM(amount) <> 0
ORDER BY company, kind, subject, refund, customer, item, unit
