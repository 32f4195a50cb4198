-- What functions that write a lot in one call need of the floor, cheaper than by itself: PL/pgSQL sets up every statement
-- and every call anew in each transaction.

-- The time that all rules use, for a query that reads something else too.
CREATE FUNCTION core_time() RETURNS TABLE (now timestamptz)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
        SELECT clock_timestamp() + c.shift FROM core_clock c;
    END;

-- Inner step: `core_enqueue` for a caller that knows the time.
CREATE FUNCTION core_promise(p_topic text, p_ref text, p_payload jsonb, p_now timestamptz) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    v_id bigint;
BEGIN
    INSERT INTO wallet_outboxentry (topic, ref, payload, created_at, due_at, attempts, last_error)
        VALUES (p_topic, p_ref, p_payload, p_now, p_now, 0, '') RETURNING id INTO v_id;
    RETURN v_id;
END $$;
