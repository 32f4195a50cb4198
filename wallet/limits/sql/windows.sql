-- Windows: calendar days and months in UTC of the time that the caller read from core_now().

-- Use up a window of each period that has a cap (null: none); null when it fits, else the period that refused, and
-- then nothing is used. The month's row is always locked before the day's.
CREATE FUNCTION limits_consume(
    p_holder text, p_name text, p_currency text, p_amount bigint,
    p_payment bigint, p_day bigint, p_month bigint, p_now timestamptz
) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_today date := (p_now AT TIME ZONE 'UTC')::date;
    v_month date := date_trunc('month', p_now AT TIME ZONE 'UTC')::date;
BEGIN
    IF p_amount IS NULL OR p_amount < 0 THEN
        RAISE EXCEPTION 'an amount is not negative' USING ERRCODE = 'PV005';
    END IF;
    IF p_amount > p_payment THEN
        RETURN 'payment';
    END IF;
    IF p_month IS NOT NULL THEN
        INSERT INTO wallet_usage AS u (holder_id, name, period, currency, starts_on, used)
            SELECT p_holder, p_name, 'month', p_currency, v_month, p_amount WHERE p_amount <= p_month
            ON CONFLICT (holder_id, name, currency, period, starts_on)
            DO UPDATE SET used = u.used + EXCLUDED.used WHERE u.used + EXCLUDED.used <= p_month;
        IF NOT FOUND THEN
            RETURN 'month';
        END IF;
    END IF;
    IF p_day IS NOT NULL THEN
        INSERT INTO wallet_usage AS u (holder_id, name, period, currency, starts_on, used)
            SELECT p_holder, p_name, 'day', p_currency, v_today, p_amount WHERE p_amount <= p_day
            ON CONFLICT (holder_id, name, currency, period, starts_on)
            DO UPDATE SET used = u.used + EXCLUDED.used WHERE u.used + EXCLUDED.used <= p_day;
        IF NOT FOUND THEN
            IF p_month IS NOT NULL THEN
                UPDATE wallet_usage SET used = used - p_amount
                    WHERE holder_id = p_holder AND name = p_name AND currency = p_currency AND period = 'month'
                        AND starts_on = v_month;
            END IF;
            RETURN 'day';
        END IF;
    END IF;
    RETURN NULL;
END $$;

-- A release gives back to the windows of the moment at which it was used.
CREATE FUNCTION limits_give_back(p_holder text, p_name text, p_currency text, p_amount bigint, p_at timestamptz)
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF p_amount IS NULL OR p_amount < 0 THEN
        RAISE EXCEPTION 'an amount is not negative' USING ERRCODE = 'PV005';
    END IF;
    UPDATE wallet_usage SET used = greatest(used - p_amount, 0)
        WHERE holder_id = p_holder AND name = p_name AND currency = p_currency AND period = 'month'
            AND starts_on = date_trunc('month', p_at AT TIME ZONE 'UTC')::date;
    UPDATE wallet_usage SET used = greatest(used - p_amount, 0)
        WHERE holder_id = p_holder AND name = p_name AND currency = p_currency AND period = 'day'
            AND starts_on = (p_at AT TIME ZONE 'UTC')::date;
END $$;

-- What is used of the day and the month that are open at a moment; for snapshots and pages.
CREATE FUNCTION limits_used(p_holder text, p_name text, p_currency text, p_now timestamptz)
    RETURNS TABLE (day bigint, month bigint)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
        SELECT coalesce(d.used, 0), coalesce(m.used, 0)
        FROM (SELECT 1) AS one
        LEFT JOIN wallet_usage d ON d.holder_id = p_holder AND d.name = p_name AND d.currency = p_currency
            AND d.period = 'day' AND d.starts_on = (p_now AT TIME ZONE 'UTC')::date
        LEFT JOIN wallet_usage m ON m.holder_id = p_holder AND m.name = p_name AND m.currency = p_currency
            AND m.period = 'month' AND m.starts_on = date_trunc('month', p_now AT TIME ZONE 'UTC')::date;
    END;

-- A holder's tier, for snapshots of other rooms.
CREATE FUNCTION limits_tier(p_holder text) RETURNS TABLE (tier text)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
        SELECT coalesce(t.tier, 'anonymous') FROM (SELECT 1) AS one LEFT JOIN wallet_tier t ON t.holder_id = p_holder;
    END;
