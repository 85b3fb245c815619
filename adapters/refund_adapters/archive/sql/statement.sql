-- What moved one customer's money, with what it came to; and the requests, which name the keys.
WITH moved AS (
  SELECT
    number,
    -SUM(amount) AS net,
    -SUM(CASE WHEN kind = 'credit' THEN amount ELSE 0 END) AS available
  FROM postings
  WHERE kind IN ('open', 'credit', 'held_credit', 'promised_credit', 'unexplained')
    AND customer = ? AND unit = ?
  GROUP BY number
),
standing AS (
  SELECT
    e.number,
    e.happened_us,
    e.topic,
    e.stream,
    e.version,
    e.state,
    m.net,
    SUM(m.net) OVER (
      ORDER BY e.happened_us, e.number ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS net_after,
    SUM(m.available) OVER (
      ORDER BY e.happened_us, e.number ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS available_after
  FROM events AS e
  LEFT JOIN moved AS m ON m.number = e.number
  WHERE e.customer = ? AND e.currency = ?
)
SELECT happened_us, topic, stream, version, state, net, net_after, available_after
FROM standing
WHERE (net IS NOT NULL AND happened_us < ?) OR topic = 'refund.requested'
ORDER BY happened_us, number
