-- The short way of a transfer: takes the place of ledger_apply and ledger_post of transfers.sql, with the same rules.
-- In plpgsql a statement costs more than what it does (it is set up anew in each transaction), and so does each
-- expression: one look-up for a batch, one lock, and for each transfer one insert and one update of both sides.

-- A transfer whose accounts have been looked up.
CREATE TYPE ledger_item AS (
    op text, key text, debit bigint, credit bigint, currency text,
    -- How many of the two are a holder's.
    sides int,
    amount bigint, code text, ref text, hold bigint, expires_at timestamptz
);

-- Inner step: make one. The caller has locked the accounts where two are holders', or a hold is named. Gives p_id, or the
-- id of the transfer that the key had made.
CREATE FUNCTION ledger_make(p_id bigint, p ledger_item) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    v_posted bigint := CASE WHEN p.op IN ('post', 'settle') THEN p.amount ELSE 0 END;
    v_pending bigint := CASE p.op WHEN 'post' THEN 0 WHEN 'hold' THEN p.amount ELSE -p.amount END;
    v_changed int;
BEGIN
    IF (p.amount > 0 AND p.debit <> p.credit AND CASE p.op WHEN 'post' THEN p.hold IS NULL WHEN 'hold' THEN true
        WHEN 'settle' THEN p.hold IS NOT NULL WHEN 'release' THEN p.hold IS NOT NULL END) IS NOT TRUE THEN
        RAISE EXCEPTION 'not a transfer: its amount, its accounts or its operation' USING ERRCODE = 'PV005';
    END IF;
    INSERT INTO wallet_transfer
        (id, key, op, debit_account, credit_account, amount, currency, hold_id, code, ref, expires_at)
        OVERRIDING SYSTEM VALUE
        VALUES (p_id, p.key, p.op, p.debit, p.credit, p.amount, p.currency,
            CASE WHEN p.op = 'hold' THEN coalesce(p.hold, p_id) ELSE p.hold END, p.code, p.ref, p.expires_at)
        ON CONFLICT (key) DO NOTHING;
    IF NOT FOUND THEN
        RETURN ledger_replay(p);
    END IF;
    IF p.hold IS NOT NULL THEN
        PERFORM ledger_change_hold(p.op, p.hold, p.debit, p.credit, v_pending, p.expires_at);
    ELSIF p.op = 'hold' THEN
        INSERT INTO wallet_hold (id, debit_account, credit_account, remaining, code, expires_at)
            VALUES (p_id, p.debit, p.credit, p.amount, p.code, p.expires_at);
    END IF;
    -- A holder's account is used up by debits, a shortfall by credits: that side must have what is taken.
    UPDATE wallet_account SET
        debits_posted = debits_posted + CASE WHEN id = p.debit THEN v_posted ELSE 0 END,
        debits_pending = debits_pending + CASE WHEN id = p.debit THEN v_pending ELSE 0 END,
        credits_posted = credits_posted + CASE WHEN id = p.credit THEN v_posted ELSE 0 END,
        credits_pending = credits_pending + CASE WHEN id = p.credit THEN v_pending ELSE 0 END
    WHERE id IN (p.debit, p.credit) AND NOT is_derived AND closed_at IS NULL AND CASE
        WHEN (kind = 'shortfall') = (id = p.debit) THEN true
        WHEN kind = 'shortfall' THEN debits_posted - credits_posted - credits_pending >= v_posted + v_pending
        ELSE credits_posted - debits_posted - debits_pending >= v_posted + v_pending END;
    GET DIAGNOSTICS v_changed = ROW_COUNT;
    IF v_changed <> p.sides THEN
        -- Whichever is closed says so first.
        PERFORM ledger_refuse_account(id) FROM wallet_account
            WHERE id IN (p.debit, p.credit) AND NOT is_derived ORDER BY closed_at;
    END IF;
    RETURN p_id;
END $$;

-- Inner step: the id of the transfer that this key made, when it is the same one. A hold's expiry is not compared, because
-- a repeated message reckons it anew.
CREATE FUNCTION ledger_replay(p ledger_item) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    v_seen wallet_transfer;
BEGIN
    SELECT * INTO v_seen FROM wallet_transfer WHERE key = p.key;
    IF (v_seen.op, v_seen.debit_account, v_seen.credit_account, v_seen.amount, v_seen.code, v_seen.ref)
        IS DISTINCT FROM (p.op, p.debit, p.credit, p.amount, p.code, p.ref)
        OR v_seen.hold_id IS DISTINCT FROM
            (CASE WHEN p.op = 'hold' THEN coalesce(p.hold, v_seen.id) ELSE p.hold END) THEN
        RAISE EXCEPTION 'the key was used for another transfer' USING ERRCODE = 'PV002';
    END IF;
    RETURN v_seen.id;
END $$;

CREATE OR REPLACE FUNCTION ledger_apply(
    p_op text, p_key text, p_debit bigint, p_credit bigint, p_amount bigint, p_code text, p_ref text,
    p_hold bigint DEFAULT NULL, p_expires_at timestamptz DEFAULT NULL
) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_item ledger_item;
BEGIN
    SELECT p_op, p_key, d.id, c.id, d.currency, (NOT d.is_derived)::int + (NOT c.is_derived)::int, p_amount,
            p_code, p_ref, p_hold, p_expires_at
        INTO v_item
        FROM wallet_account d, wallet_account c WHERE d.id = p_debit AND c.id = p_credit AND d.currency = c.currency;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no such account, or two currencies' USING ERRCODE = 'PV005';
    END IF;
    -- A holder's account alone is locked by its update; a shortfall or parked one never without its main account.
    IF v_item.sides = 2 OR p_hold IS NOT NULL OR EXISTS (
        SELECT FROM wallet_account WHERE id IN (p_debit, p_credit) AND kind IN ('shortfall', 'parked')) THEN
        PERFORM ledger_lock(p_debit, p_credit);
    END IF;
    RETURN ledger_make(nextval('wallet_transfer_id_seq'), v_item);
END $$;

-- Inner step: whether another transaction made this transfer.
CREATE FUNCTION ledger_is_earlier(p_id bigint) RETURNS boolean
    LANGUAGE sql STABLE AS $$ SELECT xid <> pg_current_xact_id() FROM wallet_transfer WHERE id = p_id $$;

-- Answers as before.
CREATE OR REPLACE FUNCTION ledger_post(p_batch jsonb) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    v_one jsonb;
    v_items ledger_item[] := '{}';
    v_item ledger_item;
    v_accounts bigint[] := '{}';
    v_is_guarded boolean := false;
    v_index int := 0;
    v_next bigint;
    v_id bigint;
    v_posted jsonb := '[]';
BEGIN
    IF jsonb_typeof(p_batch) <> 'array' THEN
        RAISE EXCEPTION 'a batch is an array' USING ERRCODE = 'PV005';
    END IF;
    LOOP
        v_one := p_batch -> v_index;
        EXIT WHEN v_one IS NULL;
        SELECT v_one ->> 'op', v_one ->> 'key', d.id, c.id, d.currency,
                (NOT d.is_derived)::int + (NOT c.is_derived)::int, (v_one ->> 'amount')::bigint,
                v_one ->> 'code', v_one ->> 'ref', (v_one ->> 'hold')::bigint, (v_one ->> 'expires_at')::timestamptz
            INTO v_item
            FROM wallet_account d, wallet_account c
            WHERE d.kind = v_one #>> '{debit,kind}' AND d.owner = v_one #>> '{debit,owner}'
                AND d.currency = v_one ->> 'currency' AND d.holder_id = v_one #>> '{debit,holder}'
                AND c.kind = v_one #>> '{credit,kind}' AND c.owner = v_one #>> '{credit,owner}'
                AND c.currency = v_one ->> 'currency' AND c.holder_id = v_one #>> '{credit,holder}';
        IF FOUND THEN
            v_items := v_items || v_item;
            v_accounts := v_accounts || v_item.debit || v_item.credit;
            v_is_guarded := v_is_guarded OR v_one #>> '{debit,kind}' IN ('shortfall', 'parked')
                OR v_one #>> '{credit,kind}' IN ('shortfall', 'parked');
            v_index := v_index + 1;
        ELSE
            -- Not there: all of the batch are opened in the order for everybody, or this one says why not.
            PERFORM ledger_open_accounts(p_batch);
            IF v_one #>> '{debit,currency}' IS DISTINCT FROM v_one ->> 'currency'
                OR v_one #>> '{credit,currency}' IS DISTINCT FROM v_one ->> 'currency' THEN
                RAISE EXCEPTION 'two currencies do not mix' USING ERRCODE = 'PV005';
            END IF;
            PERFORM ledger_open_account(side ->> 'kind', side ->> 'owner', side ->> 'holder', side ->> 'currency')
                FROM (VALUES (v_one -> 'debit'), (v_one -> 'credit')) AS sides (side);
        END IF;
    END LOOP;
    IF v_is_guarded THEN
        PERFORM ledger_lock(VARIADIC v_accounts);
    ELSE
        PERFORM FROM wallet_account WHERE id = ANY (v_accounts) AND NOT is_derived ORDER BY id FOR NO KEY UPDATE;
    END IF;
    v_index := 0;
    FOREACH v_item IN ARRAY v_items LOOP
        v_next := nextval('wallet_transfer_id_seq');
        v_id := ledger_make(v_next, v_item);
        v_posted := v_posted || jsonb_build_object('id', v_id,
            'hold', CASE WHEN v_item.op = 'hold' THEN coalesce(v_item.hold, v_id) ELSE v_item.hold END,
            'replayed', v_id <> v_next AND ledger_is_earlier(v_id));
        v_index := v_index + 1;
    END LOOP;
    RETURN jsonb_build_object('posted', v_posted);
EXCEPTION
    WHEN SQLSTATE 'PV001' OR SQLSTATE 'PV002' OR SQLSTATE 'PV003' OR SQLSTATE 'PV004' OR SQLSTATE 'PV005'
        OR SQLSTATE 'PV006' THEN
        RETURN jsonb_build_object('refused', SQLSTATE, 'index', v_index);
    WHEN numeric_value_out_of_range OR invalid_text_representation THEN
        RETURN jsonb_build_object('refused', 'PV005', 'index', v_index);
END $$;

-- An array is planned anew for each length otherwise, which costs more than the lock.
ALTER FUNCTION ledger_lock(bigint[]) SET plan_cache_mode = force_generic_plan;
DROP FUNCTION ledger_change_debits(bigint, bigint, bigint);
DROP FUNCTION ledger_change_credits(bigint, bigint, bigint);
