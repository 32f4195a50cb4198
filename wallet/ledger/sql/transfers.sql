-- The only way into the ledger.
-- Refusals: PV001 insufficient funds, PV002 key reused, PV003 hold closed or expired, PV004 beyond the hold,
-- PV005 not a transfer (amount, currency, accounts, operation), PV006 account closed. No message holds an amount.
-- Lock order, everywhere: accounts by id, then the hold. A holder's shortfall and parked account are locked only with
-- their main account, which has a lower id: so whoever has locked a main account may come back for the others.
-- Before any lock, accounts that are not there yet are opened in one order (an open that is not committed makes others
-- wait as a lock does): the programme's, then main accounts, then the rest, each by owner.

CREATE FUNCTION ledger_find_account(p_kind text, p_owner text, p_currency text) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$ SELECT id FROM wallet_account WHERE kind = p_kind AND owner = p_owner AND currency = p_currency $$;

-- The account's id; made if it is not there.
CREATE FUNCTION ledger_open_account(p_kind text, p_owner text, p_holder text, p_currency text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_id bigint;
    v_holder text;
    v_is_derived boolean := p_kind NOT IN ('main', 'card', 'parked', 'shortfall');
BEGIN
    FOR attempt IN 1..2 LOOP
        SELECT id, holder_id INTO v_id, v_holder FROM wallet_account
            WHERE kind = p_kind AND owner = p_owner AND currency = p_currency;
        IF FOUND THEN
            IF v_holder <> p_holder THEN
                RAISE EXCEPTION 'the account is of another holder' USING ERRCODE = 'PV005';
            END IF;
            RETURN v_id;
        END IF;
        IF (p_kind IN ('main', 'card', 'parked', 'shortfall', 'sandbox_clearing', 'stripe_clearing',
                'network_settlement', 'fees', 'dispute_receivable', 'losses')
            AND v_is_derived = (p_owner = '') AND v_is_derived = (p_holder = '')
            AND (p_kind NOT IN ('main', 'parked', 'shortfall') OR p_owner = p_holder)
            AND p_currency ~ '^[A-Z]{3}$') IS NOT TRUE THEN
            RAISE EXCEPTION 'no such kind of account, or not of this owner' USING ERRCODE = 'PV005';
        END IF;
        IF p_kind IN ('card', 'parked', 'shortfall') THEN
            -- A holder's main account has the lowest id of theirs: whoever locks it with others locks it first.
            PERFORM ledger_open_account('main', p_holder, p_holder, p_currency);
        END IF;
        INSERT INTO wallet_account (kind, owner, holder_id, currency, is_derived)
            VALUES (p_kind, p_owner, p_holder, p_currency, v_is_derived)
            ON CONFLICT (kind, owner, currency) DO NOTHING RETURNING id INTO v_id;
        IF FOUND THEN
            RETURN v_id;
        END IF;
    END LOOP;
    RAISE EXCEPTION 'the account cannot be opened' USING ERRCODE = 'PV005';
END $$;

-- Open what a batch names and is not there, in the order for everybody; what cannot be opened is left to the caller.
CREATE FUNCTION ledger_open_accounts(p_batch jsonb) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    v_ref record;
BEGIN
    FOR v_ref IN
        WITH named AS (
            SELECT side ->> 'kind' AS kind, side ->> 'owner' AS owner, side ->> 'holder' AS holder,
                side ->> 'currency' AS currency
            FROM jsonb_array_elements(p_batch) AS item, LATERAL (VALUES (item -> 'debit'), (item -> 'credit')) AS s (side)
        ), wanted AS (
            SELECT * FROM named
            -- A holder's main account comes with their others.
            UNION SELECT 'main', holder, holder, currency FROM named WHERE holder <> ''
        )
        SELECT * FROM wanted ORDER BY owner <> '', kind <> 'main', owner, kind, currency
    LOOP
        PERFORM ledger_open_account(v_ref.kind, v_ref.owner, v_ref.holder, v_ref.currency);
    END LOOP;
EXCEPTION WHEN SQLSTATE 'PV005' THEN
    NULL;
END $$;

-- An account that nothing is on takes no further transfer.
CREATE FUNCTION ledger_close_account(p_account bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE wallet_account SET closed_at = coalesce(closed_at, core_now())
        WHERE id = p_account AND NOT is_derived AND credits_posted = debits_posted
            AND debits_pending = 0 AND credits_pending = 0;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'only an empty account of a holder closes' USING ERRCODE = 'PV005';
    END IF;
END $$;

-- Lock accounts by id before several transfers of one transaction; nulls and derived accounts are passed over.
CREATE FUNCTION ledger_lock(VARIADIC p_accounts bigint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM 1 FROM wallet_account
        WHERE NOT is_derived AND id = ANY (p_accounts || ARRAY(
            SELECT m.id FROM wallet_account g
                JOIN wallet_account m ON m.kind = 'main' AND m.owner = g.holder_id AND m.currency = g.currency
            WHERE g.id = ANY (p_accounts) AND g.kind IN ('shortfall', 'parked')))
        ORDER BY id FOR NO KEY UPDATE;
END $$;

-- Lock a hold with its accounts; what remains of it, 0 when it is closed or unknown.
CREATE FUNCTION ledger_lock_hold(p_hold bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_debit bigint;
    v_credit bigint;
    v_remaining bigint;
BEGIN
    SELECT debit_account, credit_account INTO v_debit, v_credit FROM wallet_hold WHERE id = p_hold;
    PERFORM ledger_lock(v_debit, v_credit);
    SELECT remaining INTO v_remaining FROM wallet_hold WHERE id = p_hold FOR NO KEY UPDATE;
    RETURN coalesce(v_remaining, 0);
END $$;

-- Inner steps: nobody but the functions below calls these, inside their pinned search_path.
CREATE FUNCTION ledger_change_debits(p_account bigint, p_posted bigint, p_pending bigint) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    UPDATE wallet_account
        SET debits_posted = debits_posted + p_posted, debits_pending = debits_pending + p_pending
        WHERE id = p_account AND closed_at IS NULL
            AND (kind = 'shortfall' OR credits_posted - debits_posted - debits_pending >= p_posted + p_pending);
    IF NOT FOUND THEN
        PERFORM ledger_refuse_account(p_account);
    END IF;
END $$;

CREATE FUNCTION ledger_change_credits(p_account bigint, p_posted bigint, p_pending bigint) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    UPDATE wallet_account
        SET credits_posted = credits_posted + p_posted, credits_pending = credits_pending + p_pending
        WHERE id = p_account AND closed_at IS NULL
            AND (kind <> 'shortfall' OR debits_posted - credits_posted - credits_pending >= p_posted + p_pending);
    IF NOT FOUND THEN
        PERFORM ledger_refuse_account(p_account);
    END IF;
END $$;

CREATE FUNCTION ledger_refuse_account(p_account bigint) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM wallet_account WHERE id = p_account AND closed_at IS NOT NULL) THEN
        RAISE EXCEPTION 'the account is closed' USING ERRCODE = 'PV006';
    END IF;
    RAISE EXCEPTION 'not enough on the account' USING ERRCODE = 'PV001';
END $$;

CREATE FUNCTION ledger_change_hold(
    p_op text, p_hold bigint, p_debit bigint, p_credit bigint, p_pending bigint, p_expires_at timestamptz
) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    v_now timestamptz := core_now();
    v_row wallet_hold;
BEGIN
    UPDATE wallet_hold
        SET remaining = remaining + p_pending,
            closed_at = CASE WHEN remaining + p_pending = 0 THEN v_now END,
            expires_at = CASE WHEN p_op = 'hold' THEN coalesce(p_expires_at, expires_at) ELSE expires_at END
        WHERE id = p_hold AND debit_account = p_debit AND credit_account = p_credit
            AND closed_at IS NULL AND remaining + p_pending >= 0
            -- An expired hold can only be released, whether or not a sweeper has come by.
            AND (p_op = 'release' OR expires_at IS NULL OR expires_at > v_now);
    IF FOUND THEN
        RETURN;
    END IF;
    SELECT * INTO v_row FROM wallet_hold WHERE id = p_hold;
    IF NOT FOUND OR v_row.debit_account <> p_debit OR v_row.credit_account <> p_credit THEN
        RAISE EXCEPTION 'no such hold between these accounts' USING ERRCODE = 'PV005';
    ELSIF v_row.closed_at IS NOT NULL OR (p_op <> 'release' AND v_row.expires_at <= v_now) THEN
        RAISE EXCEPTION 'the hold is closed' USING ERRCODE = 'PV003';
    END IF;
    RAISE EXCEPTION 'more than the hold has left' USING ERRCODE = 'PV004';
END $$;

-- One transfer, for the SQL of other rooms; returns its id, which is also the id of the hold that a `hold` opens.
-- The same key with the same fields gives the same id again and moves nothing; a hold's expiry is not compared,
-- because a repeated message reckons it anew.
CREATE FUNCTION ledger_apply(
    p_op text, p_key text, p_debit bigint, p_credit bigint, p_amount bigint, p_code text, p_ref text,
    p_hold bigint DEFAULT NULL, p_expires_at timestamptz DEFAULT NULL
) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_debit_kind text;
    v_credit_kind text;
    v_debit_derived boolean;
    v_credit_derived boolean;
    v_debit_currency text;
    v_credit_currency text;
    v_posted bigint := CASE WHEN p_op IN ('post', 'settle') THEN p_amount ELSE 0 END;
    v_pending bigint := CASE p_op WHEN 'hold' THEN p_amount WHEN 'post' THEN 0 ELSE -p_amount END;
    v_id bigint;
    v_seen wallet_transfer;
BEGIN
    IF p_amount IS NULL OR p_amount <= 0 THEN
        RAISE EXCEPTION 'the amount is not positive' USING ERRCODE = 'PV005';
    END IF;
    IF p_debit = p_credit THEN
        RAISE EXCEPTION 'one account twice' USING ERRCODE = 'PV005';
    END IF;
    IF p_op IS NULL OR p_op NOT IN ('post', 'hold', 'settle', 'release')
        OR (p_op = 'post') AND p_hold IS NOT NULL OR p_op IN ('settle', 'release') AND p_hold IS NULL THEN
        RAISE EXCEPTION 'no such operation' USING ERRCODE = 'PV005';
    END IF;
    SELECT kind, is_derived, currency INTO v_debit_kind, v_debit_derived, v_debit_currency
        FROM wallet_account WHERE id = p_debit;
    SELECT kind, is_derived, currency INTO v_credit_kind, v_credit_derived, v_credit_currency
        FROM wallet_account WHERE id = p_credit;
    IF v_debit_currency IS NULL OR v_credit_currency IS NULL THEN
        RAISE EXCEPTION 'no such account' USING ERRCODE = 'PV005';
    END IF;
    IF v_debit_currency <> v_credit_currency THEN
        RAISE EXCEPTION 'two currencies do not mix' USING ERRCODE = 'PV005';
    END IF;

    IF p_hold IS NOT NULL OR v_debit_kind IN ('shortfall', 'parked') OR v_credit_kind IN ('shortfall', 'parked') THEN
        PERFORM ledger_lock(p_debit, p_credit);
    END IF;
    v_id := nextval('wallet_transfer_id_seq');
    INSERT INTO wallet_transfer
        (id, key, op, debit_account, credit_account, amount, currency, hold_id, code, ref, expires_at)
        OVERRIDING SYSTEM VALUE
        VALUES (v_id, p_key, p_op, p_debit, p_credit, p_amount, v_debit_currency,
            CASE WHEN p_op = 'hold' THEN coalesce(p_hold, v_id) ELSE p_hold END, p_code, p_ref, p_expires_at)
        ON CONFLICT (key) DO NOTHING;
    IF NOT FOUND THEN
        SELECT * INTO v_seen FROM wallet_transfer WHERE key = p_key;
        IF (v_seen.op, v_seen.debit_account, v_seen.credit_account, v_seen.amount, v_seen.code, v_seen.ref)
            IS DISTINCT FROM (p_op, p_debit, p_credit, p_amount, p_code, p_ref)
            OR v_seen.hold_id IS DISTINCT FROM
                (CASE WHEN p_op = 'hold' THEN coalesce(p_hold, v_seen.id) ELSE p_hold END) THEN
            RAISE EXCEPTION 'the key was used for another transfer' USING ERRCODE = 'PV002';
        END IF;
        RETURN v_seen.id;
    END IF;

    IF p_hold IS NOT NULL THEN
        PERFORM ledger_change_hold(p_op, p_hold, p_debit, p_credit, v_pending, p_expires_at);
    ELSIF p_op = 'hold' THEN
        INSERT INTO wallet_hold (id, debit_account, credit_account, remaining, code, expires_at)
            VALUES (v_id, p_debit, p_credit, p_amount, p_code, p_expires_at);
    END IF;
    IF p_credit < p_debit AND NOT v_credit_derived THEN
        PERFORM ledger_change_credits(p_credit, v_posted, v_pending);
    END IF;
    IF NOT v_debit_derived THEN
        PERFORM ledger_change_debits(p_debit, v_posted, v_pending);
    END IF;
    IF p_credit > p_debit AND NOT v_credit_derived THEN
        PERFORM ledger_change_credits(p_credit, v_posted, v_pending);
    END IF;
    RETURN v_id;
END $$;

-- Open a hold on a holder's account towards a programme's, in one statement: the hot path of an authorization. The key
-- is new (another transfer under it is a unique violation). Gives the hold's id.
CREATE FUNCTION ledger_open_hold(
    p_key text, p_kind text, p_owner text, p_currency text, p_to text, p_amount bigint, p_code text, p_ref text,
    p_expires_at timestamptz
) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_id bigint;
    v_account bigint;
BEGIN
    FOR attempt IN 1..2 LOOP
        WITH held AS (
            UPDATE wallet_account a SET debits_pending = a.debits_pending + p_amount
            FROM wallet_account c
            WHERE a.kind = p_kind AND a.owner = p_owner AND a.currency = p_currency AND a.kind IN ('main', 'card')
                AND a.closed_at IS NULL AND a.credits_posted - a.debits_posted - a.debits_pending >= p_amount
                AND c.kind = p_to AND c.owner = '' AND c.currency = p_currency
            RETURNING a.id AS debit, c.id AS credit, nextval('wallet_transfer_id_seq') AS id
        ), moved AS (
            INSERT INTO wallet_transfer
                (id, key, op, debit_account, credit_account, amount, currency, hold_id, code, ref, expires_at)
                OVERRIDING SYSTEM VALUE
                SELECT id, p_key, 'hold', debit, credit, p_amount, p_currency, id, p_code, p_ref, p_expires_at FROM held
        )
        INSERT INTO wallet_hold (id, debit_account, credit_account, remaining, code, expires_at)
            SELECT id, debit, credit, p_amount, p_code, p_expires_at FROM held
            RETURNING id INTO v_id;
        IF FOUND THEN
            RETURN v_id;
        END IF;
        v_account := ledger_find_account(p_kind, p_owner, p_currency);
        IF v_account IS NULL OR ledger_find_account(p_to, '', p_currency) IS NOT NULL THEN
            PERFORM ledger_refuse_account(v_account);
        END IF;
        PERFORM ledger_open_account(p_to, '', '', p_currency);
    END LOOP;
END $$;

-- A linked batch, all or none: an array of
--   {"op", "key", "debit": {"kind", "owner", "holder", "currency"}, "credit": {…}, "amount", "currency", "code", "ref",
--    "hold"?, "expires_at"?}
-- Answers {"posted": [{"id", "hold", "replayed"}]}, or {"refused": "PV001", "index": n} with nothing done and the
-- transaction still good, so that a refusal can be recorded.
CREATE FUNCTION ledger_post(p_batch jsonb) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_item jsonb;
    v_index int := 0;
    v_debits bigint[] := '{}';
    v_credits bigint[] := '{}';
    v_is_known boolean;
    v_id bigint;
    v_posted jsonb := '[]';
BEGIN
    IF jsonb_typeof(p_batch) <> 'array' THEN
        RAISE EXCEPTION 'a batch is an array' USING ERRCODE = 'PV005';
    END IF;
    SELECT array_agg(d.id ORDER BY n), array_agg(c.id ORDER BY n),
            -- Null where one is not there: bool_and alone would pass over it.
            bool_and(coalesce(d.holder_id = item #>> '{debit,holder}' AND c.holder_id = item #>> '{credit,holder}'
                AND d.currency = item ->> 'currency' AND c.currency = item ->> 'currency', false))
        INTO v_debits, v_credits, v_is_known
        FROM jsonb_array_elements(p_batch) WITH ORDINALITY AS i (item, n)
            LEFT JOIN wallet_account d ON d.kind = item #>> '{debit,kind}' AND d.owner = item #>> '{debit,owner}'
                AND d.currency = item #>> '{debit,currency}'
            LEFT JOIN wallet_account c ON c.kind = item #>> '{credit,kind}' AND c.owner = item #>> '{credit,owner}'
                AND c.currency = item #>> '{credit,currency}';
    IF v_is_known IS NOT TRUE THEN
        v_debits := '{}';
        v_credits := '{}';
        PERFORM ledger_open_accounts(p_batch);
        FOR v_item IN SELECT value FROM jsonb_array_elements(p_batch) LOOP
            IF v_item #>> '{debit,currency}' IS DISTINCT FROM v_item ->> 'currency'
                OR v_item #>> '{credit,currency}' IS DISTINCT FROM v_item ->> 'currency' THEN
                RAISE EXCEPTION 'two currencies do not mix' USING ERRCODE = 'PV005';
            END IF;
            v_debits := v_debits || ledger_open_account(v_item #>> '{debit,kind}', v_item #>> '{debit,owner}',
                v_item #>> '{debit,holder}', v_item ->> 'currency');
            v_credits := v_credits || ledger_open_account(v_item #>> '{credit,kind}', v_item #>> '{credit,owner}',
                v_item #>> '{credit,holder}', v_item ->> 'currency');
            v_index := v_index + 1;
        END LOOP;
    END IF;
    PERFORM ledger_lock(VARIADIC v_debits || v_credits);
    v_index := 0;
    FOR v_item IN SELECT value FROM jsonb_array_elements(p_batch) LOOP
        v_id := ledger_apply(v_item ->> 'op', v_item ->> 'key', v_debits[v_index + 1], v_credits[v_index + 1],
            (v_item ->> 'amount')::bigint, v_item ->> 'code', v_item ->> 'ref',
            (v_item ->> 'hold')::bigint, (v_item ->> 'expires_at')::timestamptz);
        v_posted := v_posted || jsonb_build_object('id', v_id,
            'replayed', (SELECT xid <> pg_current_xact_id() FROM wallet_transfer WHERE id = v_id), 'hold',
            CASE WHEN v_item ->> 'op' = 'hold' THEN coalesce((v_item ->> 'hold')::bigint, v_id)
                ELSE (v_item ->> 'hold')::bigint END);
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

-- Release what is left of expired holds of one code; the room that owns them is told which.
CREATE FUNCTION ledger_expire_holds(p_code text, p_limit int)
    RETURNS TABLE (hold_id bigint, ref text, released bigint, currency text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_hold wallet_hold;
    v_left bigint;
BEGIN
    FOR v_hold IN SELECT * FROM wallet_hold h
        WHERE h.code = p_code AND h.closed_at IS NULL AND h.expires_at <= core_now()
        ORDER BY h.expires_at, h.id LIMIT p_limit LOOP
        v_left := ledger_lock_hold(v_hold.id);
        -- Another worker, a settlement or an increment may have come first.
        CONTINUE WHEN v_left = 0
            OR EXISTS (SELECT 1 FROM wallet_hold h WHERE h.id = v_hold.id AND h.expires_at > core_now());
        SELECT t.ref, t.currency INTO ref, currency FROM wallet_transfer t WHERE t.id = v_hold.id;
        PERFORM ledger_apply('release', 'expiry:' || v_hold.id, v_hold.debit_account, v_hold.credit_account, v_left,
            p_code, ref, v_hold.id);
        hold_id := v_hold.id;
        released := v_left;
        RETURN NEXT;
    END LOOP;
END $$;
