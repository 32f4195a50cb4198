-- The counters of a card: what its windows hold, whether it was used, whom it is locked to. Called under the card's lock.

-- Count an approval if it still fits; false changes nothing. A null limit does not limit; p_mark locks the card to a
-- merchant with its first payment of more than nothing.
CREATE FUNCTION cards_spend(
    p_card text, p_minor bigint, p_day_limit bigint, p_month_limit bigint, p_lifetime_limit bigint,
    p_once boolean, p_mark bytea
) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_day date := (core_now() AT TIME ZONE 'UTC')::date;
    v_month date := date_trunc('month', v_day)::date;
BEGIN
    FOR attempt IN 1..2 LOOP
        UPDATE cards_spending s SET
            day = v_day,
            day_minor = CASE WHEN s.day = v_day THEN s.day_minor ELSE 0 END + p_minor,
            month = v_month,
            month_minor = CASE WHEN s.month = v_month THEN s.month_minor ELSE 0 END + p_minor,
            lifetime_minor = s.lifetime_minor + p_minor,
            approvals = s.approvals + (p_minor > 0)::integer,
            locked_to = coalesce(s.locked_to, CASE WHEN p_minor > 0 THEN p_mark END)
        WHERE s.card_id = p_card
            AND (p_day_limit IS NULL OR CASE WHEN s.day = v_day THEN s.day_minor ELSE 0 END + p_minor <= p_day_limit)
            AND (p_month_limit IS NULL
                OR CASE WHEN s.month = v_month THEN s.month_minor ELSE 0 END + p_minor <= p_month_limit)
            AND (p_lifetime_limit IS NULL OR s.lifetime_minor + p_minor <= p_lifetime_limit)
            AND (NOT p_once OR s.approvals = 0)
            AND (p_mark IS NULL OR s.locked_to IS NULL OR s.locked_to = p_mark);
        IF FOUND THEN
            RETURN true;
        END IF;
        INSERT INTO cards_spending (card_id, day, day_minor, month, month_minor, lifetime_minor, approvals)
            VALUES (p_card, v_day, 0, v_month, 0, 0, 0) ON CONFLICT (card_id) DO NOTHING;
        IF NOT FOUND THEN
            RETURN false;
        END IF;
    END LOOP;
    RETURN false;
END $$;

-- Give back what was released, to the windows that it was taken from (settled.md 33); those that ended have no use for it.
CREATE FUNCTION cards_unspend(p_card text, p_minor bigint, p_taken_at timestamptz) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE cards_spending s SET
        day_minor = greatest(s.day_minor - CASE WHEN s.day = (p_taken_at AT TIME ZONE 'UTC')::date THEN p_minor ELSE 0 END, 0),
        month_minor = greatest(s.month_minor - CASE
            WHEN s.month = date_trunc('month', p_taken_at AT TIME ZONE 'UTC')::date THEN p_minor ELSE 0 END, 0),
        lifetime_minor = greatest(s.lifetime_minor - p_minor, 0)
    WHERE s.card_id = p_card
$$;

-- One more wrong date or code for this number today.
CREATE FUNCTION cards_count_mismatch(p_index bytea) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO cards_mismatch (pan_index, day, count)
        VALUES (p_index, (core_now() AT TIME ZONE 'UTC')::date, 1)
        ON CONFLICT (pan_index, day) DO UPDATE SET count = cards_mismatch.count + 1
$$;

-- Forget the mismatches of days that are over.
CREATE FUNCTION cards_purge_mismatches() RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    DELETE FROM cards_mismatch WHERE day < (core_now() AT TIME ZONE 'UTC')::date - 1
$$;

-- Whether a code may still be tried for this number today. Its guesses go one by one from here to the end of their
-- transactions, so each sees the count of all before it: of many at the same moment three are tried. Numbers of nobody
-- queue alike. The first lock of all: before the card's.
CREATE FUNCTION cards_may_try(p_index bytea) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(encode(p_index, 'hex'), 6));
    RETURN cards_mismatches(p_index) < 3;
END $$;

CREATE FUNCTION cards_mismatches(p_index bytea) RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(max(count), 0)::integer FROM cards_mismatch
        WHERE pan_index = p_index AND day = (core_now() AT TIME ZONE 'UTC')::date
$$;
