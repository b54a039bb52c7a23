-- A dozen features of examples/handbook/definitions.yaml, written by hand from the meaning of their windows (docs: a window of W read at q
-- holds q - W < t <= q; the transaction itself counts; of others at its very time only those before it in the file). `tx` is the file: n its line, t ms,
-- customer, terminal, amount in minor units. Written for one reader: someone who wants to check that the product counts what it says it counts.
WITH tx AS (SELECT * FROM events),
-- pairs of a transaction and what its customer did before it, or its terminal saw, within the longest window asked for
customer_pairs AS (
  SELECT now.n, now.t AS q, now.amount AS tx_amount, old.t, old.amount, old.terminal, old.n AS old_n
  FROM tx now JOIN tx old ON old.customer = now.customer AND old.t > now.t - 30 * 86400000::BIGINT AND (old.t < now.t OR (old.t = now.t AND old.n <= now.n))
),
terminal_pairs AS (
  SELECT now.n, now.t AS q, old.t, old.amount, old.customer
  FROM tx now JOIN tx old ON old.terminal = now.terminal AND old.t > now.t - 28 * 86400000::BIGINT AND (old.t < now.t OR (old.t = now.t AND old.n <= now.n))
),
by_customer AS (
  SELECT n,
    count(*) FILTER (t > q - 600000) AS tx_count_10m,
    count(*) FILTER (t > q - 86400000) AS tx_count_24h,
    count(*) AS tx_count_30d,
    sum(amount) FILTER (t > q - 86400000) AS amount_sum_24h,
    sum(amount) FILTER (t > q - 7 * 86400000) AS amount_sum_7d,
    sum(amount)::DOUBLE / count(*) AS amount_avg_30d,
    stddev_samp(amount) AS amount_stddev_30d,
    max(amount) FILTER (t > q - 7 * 86400000) AS amount_max_7d,
    count(DISTINCT terminal) FILTER (t > q - 7 * 86400000) AS terminals_7d,
    (q - max(t) FILTER (old_n <> n)) / 1000.0 AS idle_seconds_30d
  FROM customer_pairs GROUP BY n, q
),
by_terminal AS (
  SELECT n,
    count(*) FILTER (t > q - 3600000) AS uses_1h,
    count(*) AS uses_28d,
    count(DISTINCT customer) FILTER (t > q - 7 * 86400000) AS customers_7d,
    sum(amount) FILTER (t > q - 86400000) AS turnover_24h,
    max(amount) AS largest_28d
  FROM terminal_pairs GROUP BY n
)
SELECT tx.id, c.* EXCLUDE (n), t.* EXCLUDE (n) FROM tx JOIN by_customer c ON c.n = tx.n JOIN by_terminal t ON t.n = tx.n ORDER BY tx.n
