-- What each customer's credit is made of, the oldest first; what one command granted is equally old.
SELECT customer, unit, subject, -SUM(amount) AS credit, MIN(command) AS since
FROM postings
WHERE kind = 'credit' AND number <= ? AND effective_on <= ? AND (? = '' OR customer = ?)
GROUP BY customer, unit, subject
HAVING SUM(amount) <> 0
ORDER BY customer, unit, since, subject
