-- Every difference between what the ledger says twice; no row means green. One statement: one snapshot, also while
-- money moves. Reads every transfer.
CREATE FUNCTION ledger_differences()
    RETURNS TABLE (promise text, subject text, expected bigint, found bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
WITH moved AS (
    SELECT debit_account, credit_account, currency, hold_id, op, id,
        CASE WHEN op IN ('post', 'settle') THEN amount ELSE 0 END AS posted,
        CASE op WHEN 'post' THEN 0 WHEN 'hold' THEN amount ELSE -amount END AS pending
    FROM wallet_transfer
), leg AS (
    SELECT debit_account AS account, currency, posted AS dp, 0::bigint AS cp, pending AS dh, 0::bigint AS ch FROM moved
    UNION ALL
    SELECT credit_account, currency, 0, posted, 0, pending FROM moved
), summed AS (
    SELECT account, min(currency) AS low, max(currency) AS high, sum(dp)::bigint AS debits_posted,
        sum(cp)::bigint AS credits_posted, sum(dh)::bigint AS debits_pending, sum(ch)::bigint AS credits_pending
    FROM leg GROUP BY account
), named AS (
    SELECT a.*, 'account ' || a.id || ' (' || a.kind || ' ' || a.currency || ')' AS name,
        coalesce(s.debits_posted, 0) AS s_debits_posted, coalesce(s.credits_posted, 0) AS s_credits_posted,
        coalesce(s.debits_pending, 0) AS s_debits_pending, coalesce(s.credits_pending, 0) AS s_credits_pending
    FROM wallet_account a LEFT JOIN summed s ON s.account = a.id
), effective AS (
    -- A derived account counts as its transfers say; a holder's as its cached columns say.
    SELECT currency,
        CASE WHEN is_derived THEN s_debits_posted ELSE debits_posted END AS debits_posted,
        CASE WHEN is_derived THEN s_credits_posted ELSE credits_posted END AS credits_posted,
        CASE WHEN is_derived THEN s_debits_pending ELSE debits_pending END AS debits_pending,
        CASE WHEN is_derived THEN s_credits_pending ELSE credits_pending END AS credits_pending
    FROM named
), rolled AS (
    SELECT n.id, n.name, b.* FROM named n, LATERAL ledger_balance(n.id) b WHERE n.is_derived
), held AS (
    SELECT hold_id, sum(pending)::bigint AS remaining, bool_or(op = 'hold' AND id = hold_id) AS is_opened,
        min(debit_account) AS debit_low, max(debit_account) AS debit_high,
        min(credit_account) AS credit_low, max(credit_account) AS credit_high
    FROM moved WHERE hold_id IS NOT NULL GROUP BY hold_id
), open_holds AS (
    SELECT account, sum(debit)::bigint AS debits, sum(credit)::bigint AS credits FROM (
        SELECT debit_account AS account, remaining AS debit, 0::bigint AS credit FROM wallet_hold
        UNION ALL
        SELECT credit_account, 0, remaining FROM wallet_hold
    ) AS sides GROUP BY account
)
SELECT 'posted debits = posted credits', currency, sum(debits_posted)::bigint, sum(credits_posted)::bigint
    FROM effective GROUP BY currency HAVING sum(debits_posted) <> sum(credits_posted)
UNION ALL
SELECT 'pending debits = pending credits', currency, sum(debits_pending)::bigint, sum(credits_pending)::bigint
    FROM effective GROUP BY currency HAVING sum(debits_pending) <> sum(credits_pending)
UNION ALL
SELECT 'cached = sum of transfers: ' || x.what, n.name, x.expected, x.found
    FROM named n, LATERAL (VALUES
        ('debits posted', n.s_debits_posted, n.debits_posted), ('credits posted', n.s_credits_posted, n.credits_posted),
        ('debits pending', n.s_debits_pending, n.debits_pending),
        ('credits pending', n.s_credits_pending, n.credits_pending)) AS x (what, expected, found)
    WHERE NOT n.is_derived AND x.expected <> x.found
UNION ALL
SELECT 'rolled up + tail = sum of transfers: ' || x.what, n.name, x.expected, x.found
    FROM named n JOIN rolled r ON r.id = n.id, LATERAL (VALUES
        ('debits posted', n.s_debits_posted, r.debits_posted), ('credits posted', n.s_credits_posted, r.credits_posted),
        ('debits pending', n.s_debits_pending, r.debits_pending),
        ('credits pending', n.s_credits_pending, r.credits_pending)) AS x (what, expected, found)
    WHERE x.expected <> x.found
UNION ALL
SELECT 'pending = open holds', n.name, coalesce(o.debits + o.credits, 0), n.debits_pending + n.credits_pending
    FROM named n LEFT JOIN open_holds o ON o.account = n.id
    WHERE NOT n.is_derived
        AND (n.debits_pending <> coalesce(o.debits, 0) OR n.credits_pending <> coalesce(o.credits, 0))
UNION ALL
SELECT 'never below zero', n.name, 0, x.found
    FROM named n, LATERAL (VALUES (
        CASE WHEN n.kind = 'shortfall' THEN n.debits_posted - n.credits_posted - n.credits_pending
            ELSE n.credits_posted - n.debits_posted - n.debits_pending END)) AS x (found)
    WHERE NOT n.is_derived AND x.found < 0
UNION ALL
SELECT 'hold = holds - settles - releases', 'hold ' || coalesce(h.hold_id, w.id), coalesce(h.remaining, 0), coalesce(w.remaining, -1)
    FROM held h FULL JOIN wallet_hold w ON w.id = h.hold_id
    WHERE h.remaining IS DISTINCT FROM w.remaining OR NOT h.is_opened
        OR h.debit_low <> w.debit_account OR h.debit_high <> w.debit_account
        OR h.credit_low <> w.credit_account OR h.credit_high <> w.credit_account
        OR (w.remaining = 0) <> (w.closed_at IS NOT NULL)
UNION ALL
SELECT 'transfers are in the currency of an account that exists', 'account ' || s.account, 1, 0
    FROM summed s LEFT JOIN wallet_account a ON a.id = s.account
    WHERE a.id IS NULL OR s.low <> a.currency OR s.high <> a.currency
$$;
