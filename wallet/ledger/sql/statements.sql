-- Statements of account read an account's transfers by time.
CREATE INDEX wallet_transfer_of_debit ON wallet_transfer (debit_account, at);
CREATE INDEX wallet_transfer_of_credit ON wallet_transfer (credit_account, at);

-- What an account had at a moment, and each movement from then until another, with what it had after it: the first row has
-- no transfer. Posted money only; credits count up, on a shortfall debits do. One statement: one moment, also while money
-- moves.
CREATE FUNCTION ledger_statement(p_account bigint, p_since timestamptz, p_until timestamptz)
    RETURNS TABLE (transfer bigint, at timestamptz, code text, ref text, other bigint, amount bigint, balance bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
WITH account AS (
    SELECT a.id, up.up, up.up * (b.credits_posted - b.debits_posted) AS now
    FROM wallet_account a, LATERAL ledger_balance(a.id) b,
        LATERAL (SELECT CASE a.kind WHEN 'shortfall' THEN -1 ELSE 1 END AS up) AS up
    WHERE a.id = p_account
), moved AS MATERIALIZED (
    SELECT t.id, t.at, t.code, t.ref, t.credit_account AS other, -account.up * t.amount AS amount
    FROM account, wallet_transfer t
    WHERE t.debit_account = p_account AND t.at >= p_since AND t.op IN ('post', 'settle')
    UNION ALL
    SELECT t.id, t.at, t.code, t.ref, t.debit_account, account.up * t.amount
    FROM account, wallet_transfer t
    WHERE t.credit_account = p_account AND t.at >= p_since AND t.op IN ('post', 'settle')
), opening AS (
    SELECT account.now - coalesce((SELECT sum(amount) FROM moved), 0) AS balance FROM account
)
SELECT NULL::bigint, p_since, '', '', NULL::bigint, 0::bigint, opening.balance::bigint FROM opening
UNION ALL
(SELECT m.id, m.at, m.code, m.ref, m.other, m.amount,
    (opening.balance + sum(m.amount) OVER (ORDER BY m.at, m.id))::bigint
FROM moved m, opening WHERE m.at < p_until ORDER BY m.at, m.id)
$$;
