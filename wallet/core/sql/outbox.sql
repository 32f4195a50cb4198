-- Promise work from a room's own SQL (wallet.core.outbox.enqueue is the same in Python); gives the row's id, which the
-- caller wakes a worker for after the commit. Ids and enum words only in the payload.
CREATE FUNCTION core_enqueue(p_topic text, p_ref text, p_payload jsonb) RETURNS bigint
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO wallet_outboxentry (topic, ref, payload, created_at, due_at, attempts, last_error)
        SELECT p_topic, p_ref, p_payload, t.now, t.now, 0, '' FROM (SELECT core_now() AS now OFFSET 0) AS t RETURNING id
$$;
