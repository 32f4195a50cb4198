-- Money that comes is never refused: what is owed is repaid first, what exceeds the limit on stored money waits.
-- Lock order: the holder's accounts by id (main is the lowest of them), then parking rows by id.

-- Sort money that has landed on a holder's account (main or card) in this transaction: returns what repaid a shortfall
-- and what was parked. The keys hang on the key of the transfer that brought it.
CREATE FUNCTION limits_sort(
    p_landed bigint, p_holder text, p_currency text, p_amount bigint, p_stored_limit bigint,
    p_source_kind text, p_source_owner text, p_source_holder text, p_key text, p_ref text, p_due_at timestamptz,
    OUT repaid bigint, OUT parked bigint
)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_owing bigint := ledger_find_account('shortfall', p_holder, p_currency);
    v_waiting bigint := ledger_find_account('parked', p_holder, p_currency);
BEGIN
    PERFORM ledger_lock(p_landed, v_owing, v_waiting);
    repaid := ledger_transferred(p_key || ':shortfall');
    parked := ledger_transferred(p_key || ':parked');
    IF repaid IS NOT NULL OR parked IS NOT NULL THEN
        repaid := coalesce(repaid, 0);
        parked := coalesce(parked, 0);
        RETURN;
    END IF;
    repaid := CASE WHEN v_owing IS NULL THEN 0 ELSE least(p_amount, ledger_available(v_owing)) END;
    IF repaid > 0 THEN
        PERFORM ledger_apply('post', p_key || ':shortfall', p_landed, v_owing, repaid, 'shortfall_repaid', p_ref);
    END IF;
    parked := CASE WHEN p_stored_limit IS NULL THEN 0
        ELSE least(p_amount - repaid, greatest(0, ledger_stored(p_holder, p_currency) - p_stored_limit)) END;
    IF parked > 0 THEN
        v_waiting := coalesce(v_waiting, ledger_open_account('parked', p_holder, p_holder, p_currency));
        PERFORM ledger_apply('post', p_key || ':parked', p_landed, v_waiting, parked, 'parked', p_ref);
        INSERT INTO wallet_parking
            (holder_id, currency, "left", source_kind, source_owner, source_holder, ref, key, due_at)
            VALUES (p_holder, p_currency, parked, p_source_kind, p_source_owner, p_source_holder, p_ref,
                p_key || ':parked', p_due_at);
    END IF;
END $$;

-- Credit a holder's account from a source, and sort what came; once for a key.
CREATE FUNCTION limits_receive(
    p_kind text, p_owner text, p_holder text, p_currency text, p_amount bigint, p_stored_limit bigint,
    p_source_kind text, p_source_owner text, p_source_holder text, p_key text, p_code text, p_ref text,
    p_due_at timestamptz,
    OUT repaid bigint, OUT parked bigint, OUT is_replayed boolean
)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_source bigint := ledger_open_account(p_source_kind, p_source_owner, p_source_holder, p_currency);
    v_landed bigint := ledger_open_account(p_kind, p_owner, p_holder, p_currency);
BEGIN
    -- Main as well, whatever the account: what a holder has is counted under its lock.
    PERFORM ledger_lock(v_source, v_landed, ledger_find_account('main', p_holder, p_currency),
        ledger_find_account('shortfall', p_holder, p_currency), ledger_find_account('parked', p_holder, p_currency));
    is_replayed := ledger_transferred(p_key) IS NOT NULL;
    PERFORM ledger_apply('post', p_key, v_source, v_landed, p_amount, p_code, p_ref);
    IF is_replayed THEN
        repaid := coalesce(ledger_transferred(p_key || ':shortfall'), 0);
        parked := coalesce(ledger_transferred(p_key || ':parked'), 0);
    ELSE
        SELECT s.repaid, s.parked INTO repaid, parked FROM limits_sort(v_landed, p_holder, p_currency, p_amount,
            p_stored_limit, p_source_kind, p_source_owner, p_source_holder, p_key, p_ref, p_due_at) s;
    END IF;
END $$;

-- Take in what fits of what waits for a holder, oldest first: how much.
CREATE FUNCTION limits_take_in(p_holder text, p_currency text, p_stored_limit bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_main bigint := ledger_open_account('main', p_holder, p_holder, p_currency);
    v_waiting bigint := ledger_find_account('parked', p_holder, p_currency);
    v_row wallet_parking;
    v_room bigint;
    v_taken bigint;
    v_total bigint := 0;
BEGIN
    PERFORM ledger_lock(v_main, v_waiting);
    -- Without a limit there is room for all of it (greatest and least pass over nulls).
    v_room := CASE WHEN p_stored_limit IS NOT NULL
        THEN greatest(0, p_stored_limit - ledger_stored(p_holder, p_currency)) END;
    FOR v_row IN SELECT * FROM wallet_parking
        WHERE holder_id = p_holder AND currency = p_currency AND "left" > 0 ORDER BY id FOR UPDATE LOOP
        v_taken := least(v_row."left", v_room - v_total);
        EXIT WHEN v_taken <= 0;
        PERFORM ledger_apply('post', 'parking:' || v_row.id || ':in:' || v_row."left", v_waiting, v_main,
            v_taken, 'parked_taken_in', v_row.ref);
        UPDATE wallet_parking SET "left" = "left" - v_taken WHERE id = v_row.id;
        v_total := v_total + v_taken;
    END LOOP;
    RETURN v_total;
END $$;

-- Send back what has waited too long: to the main account of the holder it came from, or to the programme's account.
CREATE FUNCTION limits_send_back(p_parking bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_row wallet_parking;
    v_back bigint;
    v_waiting bigint;
BEGIN
    SELECT * INTO v_row FROM wallet_parking WHERE id = p_parking;
    IF v_row.source_holder = '' THEN
        v_back := ledger_open_account(v_row.source_kind, '', '', v_row.currency);
    ELSE
        v_back := ledger_open_account('main', v_row.source_holder, v_row.source_holder, v_row.currency);
    END IF;
    v_waiting := ledger_find_account('parked', v_row.holder_id, v_row.currency);
    PERFORM ledger_lock(v_waiting, v_back);
    SELECT * INTO v_row FROM wallet_parking WHERE id = p_parking FOR UPDATE;
    IF v_row.id IS NULL OR v_row."left" = 0 OR v_row.due_at > core_now() THEN
        RETURN 0;
    END IF;
    PERFORM ledger_apply('post', 'parking:' || v_row.id || ':back', v_waiting, v_back, v_row."left",
        'parked_returned', v_row.ref);
    UPDATE wallet_parking SET "left" = 0 WHERE id = v_row.id;
    RETURN v_row."left";
END $$;
