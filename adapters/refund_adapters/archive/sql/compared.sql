-- Every document that the events name or the accounting system lists, with each thing that is to be
-- said of it. A grant, or what was explained of a reversal, may be a part of its document. The date
-- is known of originals and of what was made outside; of others only when they were booked.
WITH here AS (
  SELECT half, series, document, role, customer, currency, amount, dated_on
  FROM (
    SELECT
      half, series, document, role, customer, currency, amount, dated_on,
      ROW_NUMBER() OVER (PARTITION BY half, series, document ORDER BY number) AS turn
    FROM documents
  ) AS told
  WHERE turn = 1
),
there AS (
  SELECT half, series, document, customer, currency, amount, issued_on, nature, turn, times
  FROM (
    SELECT
      half, series, document, customer, currency, amount, issued_on, nature,
      ROW_NUMBER() OVER (PARTITION BY half, series, document ORDER BY line) AS turn,
      COUNT(*) OVER (PARTITION BY half, series, document) AS times
    FROM listed
  ) AS told
  WHERE turn = 1
),
joined AS (
  SELECT
    COALESCE(here.half, there.half) AS half,
    COALESCE(here.series, there.series) AS series,
    COALESCE(here.document, there.document) AS document,
    here.role AS role,
    here.customer AS customer_here,
    there.customer AS customer_there,
    here.currency AS currency_here,
    there.currency AS currency_there,
    here.amount AS amount_here,
    there.amount AS amount_there,
    CASE WHEN there.currency <> here.currency THEN 1 ELSE 0 END AS other_currency,
    CASE
      WHEN here.role IN ('grant', 'reversal') THEN
        CASE WHEN there.amount < here.amount THEN 1 ELSE 0 END
      WHEN there.amount <> here.amount THEN 1
      ELSE 0
    END AS other_amount,
    CASE WHEN there.customer <> here.customer THEN 1 ELSE 0 END AS other_customer,
    COALESCE(there.times, 0) AS times,
    CASE
      WHEN here.role IN ('original', 'outside') AND there.issued_on <> here.dated_on THEN 1 ELSE 0
    END AS other_date,
    CASE
      WHEN here.role = 'original' AND there.nature = 'refund' THEN 1
      WHEN here.role IN ('issued', 'late', 'outside') AND there.nature = 'sale' THEN 1
      ELSE 0
    END AS other_nature,
    CASE WHEN there.nature = 'refund' THEN 1 ELSE 0 END AS is_refund
  FROM here
  FULL OUTER JOIN there
    ON here.half = there.half AND here.series = there.series AND here.document = there.document
  WHERE here.dated_on BETWEEN ? AND ? OR there.issued_on BETWEEN ? AND ?
),
kinds AS (
  SELECT kind FROM (
    VALUES
      ('matched'), ('beside'), ('not listed'), ('unknown here'), ('listed twice'),
      ('currency differs'), ('amount differs'), ('customer differs'), ('date differs'),
      ('kind differs')
  ) AS named (kind)
),
said AS (
  SELECT
    kinds.kind AS kind,
    joined.*,
    CASE kinds.kind
      WHEN 'not listed' THEN times = 0
      WHEN 'beside' THEN role IS NULL AND is_refund = 0 AND times > 0
      WHEN 'unknown here' THEN role IS NULL AND is_refund = 1
      WHEN 'listed twice' THEN times > 1
      WHEN 'currency differs' THEN other_currency = 1
      WHEN 'amount differs' THEN other_amount = 1 AND other_currency = 0
      WHEN 'customer differs' THEN other_customer = 1
      WHEN 'date differs' THEN other_date = 1
      WHEN 'kind differs' THEN other_nature = 1
      ELSE role IS NOT NULL AND times = 1
        AND other_currency + other_amount + other_customer + other_date + other_nature = 0
    END AS holds
  FROM joined CROSS JOIN kinds
)
