-- Balances. A derived account is what was rolled up so far and the tail of transfers after it.

CREATE FUNCTION ledger_balance(
    p_account bigint,
    OUT debits_posted bigint, OUT credits_posted bigint, OUT debits_pending bigint, OUT credits_pending bigint
)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT a.debits_posted + coalesce(t.debits_posted, 0)::bigint, a.credits_posted + coalesce(t.credits_posted, 0)::bigint,
        a.debits_pending + coalesce(t.debits_pending, 0)::bigint, a.credits_pending + coalesce(t.credits_pending, 0)::bigint
    FROM wallet_account a LEFT JOIN LATERAL (
        SELECT
            sum(posted) FILTER (WHERE debit_account = a.id) AS debits_posted,
            sum(posted) FILTER (WHERE credit_account = a.id) AS credits_posted,
            sum(pending) FILTER (WHERE debit_account = a.id) AS debits_pending,
            sum(pending) FILTER (WHERE credit_account = a.id) AS credits_pending
        FROM (
            SELECT debit_account, credit_account,
                CASE WHEN op IN ('post', 'settle') THEN amount ELSE 0 END AS posted,
                CASE op WHEN 'post' THEN 0 WHEN 'hold' THEN amount ELSE -amount END AS pending
            FROM wallet_transfer
            WHERE a.id IN (debit_account, credit_account) AND (xid, id) > (a.rolled_to_xid, a.rolled_to_id)
        ) AS tail
    ) AS t ON a.is_derived
    WHERE a.id = p_account
$$;

-- What a holder has in one currency, held money included and parked money not: what a limit on stored money counts.
CREATE FUNCTION ledger_stored(p_holder text, p_currency text) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(sum(credits_posted - debits_posted), 0)::bigint FROM wallet_account
    WHERE holder_id = p_holder AND holder_id <> '' AND currency = p_currency AND kind IN ('main', 'card')
$$;

-- What is free on one account (a holder's credit account), or still owed (shortfall).
CREATE FUNCTION ledger_available(p_account bigint) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT CASE kind WHEN 'shortfall' THEN debits_posted - credits_posted - credits_pending
        ELSE credits_posted - debits_posted - debits_pending END
    FROM wallet_account WHERE id = p_account
$$;

-- What is free on an account, for other rooms' queries: the planner takes it in, because it is bound to its tables when
-- it is made and needs no search path of its own.
CREATE FUNCTION ledger_free(p_kind text, p_owner text, p_currency text) RETURNS TABLE (free bigint)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
        SELECT a.credits_posted - a.debits_posted - a.debits_pending FROM wallet_account a
        WHERE a.kind = p_kind AND a.owner = p_owner AND a.currency = p_currency AND a.kind IN ('main', 'card', 'parked');
    END;

-- The amount of the transfer with this key, null when there is none.
CREATE FUNCTION ledger_transferred(p_key text) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$ SELECT amount FROM wallet_transfer WHERE key = p_key $$;
