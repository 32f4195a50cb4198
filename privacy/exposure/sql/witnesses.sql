-- What outside witnesses have signed of the log (C2SP tlog-witness), and what went wrong when one was asked.

-- A cosigned checkpoint: the log's note and the witness's line under it. An older one changes nothing.
CREATE FUNCTION exposure_witnessed(p_key text, p_size bigint, p_note text, p_at timestamptz)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO privacy_logwitness AS w (key, size, note, seen_at) VALUES (p_key, p_size, p_note, p_at)
    ON CONFLICT (key) DO UPDATE
    SET size = excluded.size, note = excluded.note, seen_at = excluded.seen_at, failure = '', failed_at = NULL
    WHERE w.size <= excluded.size;
$$;

-- It did not sign: why, in one word, and since when.
CREATE FUNCTION exposure_unwitnessed(p_key text, p_failure text)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO privacy_logwitness AS w (key, failure, failed_at) VALUES (p_key, p_failure, core_now())
    ON CONFLICT (key) DO UPDATE
    SET failure = excluded.failure,
        failed_at = CASE WHEN w.failure = excluded.failure THEN w.failed_at ELSE excluded.failed_at END;
$$;
