-- The roll-up of the programme's accounts: their four columns say what was moved up to a point of the order (xid, id), and
-- a balance adds the tail after it. Only transactions below pg_snapshot_xmin are taken in: they are over, so nothing can
-- appear behind the point any more. Whoever reads sees the columns and the point of one moment; a transfer neither locks
-- these rows nor waits for them.

-- Take in the next page of transfers: how many. Fewer than asked for: nothing is left, or another one is at it.
CREATE FUNCTION ledger_roll_up(p_limit bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_below xid8;
    v_from_xid xid8;
    v_from_id bigint;
    v_to_xid xid8;
    v_to_id bigint;
    v_count bigint;
BEGIN
    IF (p_limit BETWEEN 1 AND 1000000000) IS NOT TRUE THEN
        RAISE EXCEPTION 'a page has at least one transfer' USING ERRCODE = 'PV005';
    END IF;
    IF NOT pg_try_advisory_xact_lock(hashtext('ledger_roll_up')) THEN
        RETURN 0;
    END IF;
    v_below := pg_snapshot_xmin(pg_current_snapshot());
    -- All accounts stand at one point. One that opened since has nothing before it: whoever posts to it was still running
    -- when the point was reached, or began later.
    SELECT rolled_to_xid, rolled_to_id INTO v_from_xid, v_from_id
        FROM wallet_account WHERE is_derived ORDER BY rolled_to_xid DESC, rolled_to_id DESC LIMIT 1;
    IF v_from_xid > v_below THEN
        -- Only a dump that was loaded into another cluster can say this (docs/operators.md, Restoring).
        RAISE EXCEPTION 'the transaction counter is behind the ledger' USING ERRCODE = 'PV010';
    END IF;
    SELECT count(*) OVER (), xid, id INTO v_count, v_to_xid, v_to_id FROM (
        SELECT xid, id FROM wallet_transfer WHERE (xid, id) > (v_from_xid, v_from_id) AND xid < v_below
        ORDER BY xid, id LIMIT p_limit) AS page
        ORDER BY xid DESC, id DESC LIMIT 1;
    WITH leg AS (
        SELECT side.account, side.is_debit,
            CASE WHEN t.op IN ('post', 'settle') THEN t.amount ELSE 0 END AS posted,
            CASE t.op WHEN 'post' THEN 0 WHEN 'hold' THEN t.amount ELSE -t.amount END AS pending
        FROM wallet_transfer t,
            LATERAL (VALUES (t.debit_account, true), (t.credit_account, false)) AS side (account, is_debit)
        WHERE (t.xid, t.id) > (v_from_xid, v_from_id) AND (t.xid, t.id) <= (v_to_xid, v_to_id)
    ), summed AS (
        SELECT a.id,
            coalesce(sum(posted) FILTER (WHERE is_debit), 0) AS debits_posted,
            coalesce(sum(posted) FILTER (WHERE NOT is_debit), 0) AS credits_posted,
            coalesce(sum(pending) FILTER (WHERE is_debit), 0) AS debits_pending,
            coalesce(sum(pending) FILTER (WHERE NOT is_debit), 0) AS credits_pending
        FROM wallet_account a LEFT JOIN leg ON leg.account = a.id WHERE a.is_derived GROUP BY a.id
    )
    UPDATE wallet_account a SET
        debits_posted = a.debits_posted + s.debits_posted, credits_posted = a.credits_posted + s.credits_posted,
        debits_pending = a.debits_pending + s.debits_pending, credits_pending = a.credits_pending + s.credits_pending,
        rolled_to_xid = coalesce(v_to_xid, v_from_xid), rolled_to_id = coalesce(v_to_id, v_from_id)
    FROM summed s
    WHERE a.id = s.id AND (a.rolled_to_xid, a.rolled_to_id)
        < (coalesce(v_to_xid, v_from_xid), coalesce(v_to_id, v_from_id));
    RETURN coalesce(v_count, 0);
EXCEPTION WHEN check_violation THEN
    -- Less than nothing would be pending: the page has the end of a hold and not yet its beginning, whose transaction has
    -- the higher number. Both are in a longer page, or will be when what runs now is over.
    RETURN CASE WHEN v_count = p_limit THEN ledger_roll_up(p_limit * 2) ELSE 0 END;
END $$;

-- The same as before, but always by the order (a planner that does not know how short the tail is would rather read every
-- transfer of the account by the indexes of statements.sql), and not at all for a holder's account.
CREATE OR REPLACE FUNCTION ledger_balance(
    p_account bigint,
    OUT debits_posted bigint, OUT credits_posted bigint, OUT debits_pending bigint, OUT credits_pending bigint
)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
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
            WHERE a.is_derived AND a.id IN (debit_account, credit_account)
                AND (xid, id) > (a.rolled_to_xid, a.rolled_to_id)
        ) AS tail
    ) AS t ON a.is_derived
    WHERE a.id = p_account
$$;
