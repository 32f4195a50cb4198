-- Windows for a function that knows the day.

-- Inner step of `limits_consume`: null when it fits, else the period that refused; after 'day' the month's is used, and the
-- caller gives that back or gives up. The month's row is always locked before the day's.
CREATE FUNCTION limits_use(
    p_holder text, p_name text, p_currency text, p_amount bigint,
    p_payment bigint, p_day bigint, p_month bigint, p_today date
) RETURNS text
    LANGUAGE plpgsql AS $$
BEGIN
    IF p_amount > p_payment THEN
        RETURN 'payment';
    END IF;
    IF p_month IS NOT NULL THEN
        INSERT INTO wallet_usage AS u (holder_id, name, period, currency, starts_on, used)
            SELECT p_holder, p_name, 'month', p_currency, date_trunc('month', p_today::timestamp)::date, p_amount
            WHERE p_amount <= p_month
            ON CONFLICT (holder_id, name, currency, period, starts_on)
            DO UPDATE SET used = u.used + EXCLUDED.used WHERE u.used + EXCLUDED.used <= p_month;
        IF NOT FOUND THEN
            RETURN 'month';
        END IF;
    END IF;
    IF p_day IS NOT NULL THEN
        INSERT INTO wallet_usage AS u (holder_id, name, period, currency, starts_on, used)
            SELECT p_holder, p_name, 'day', p_currency, p_today, p_amount WHERE p_amount <= p_day
            ON CONFLICT (holder_id, name, currency, period, starts_on)
            DO UPDATE SET used = u.used + EXCLUDED.used WHERE u.used + EXCLUDED.used <= p_day;
        IF NOT FOUND THEN
            RETURN 'day';
        END IF;
    END IF;
    RETURN NULL;
END $$;

-- As before.
CREATE OR REPLACE FUNCTION limits_consume(
    p_holder text, p_name text, p_currency text, p_amount bigint,
    p_payment bigint, p_day bigint, p_month bigint, p_now timestamptz
) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_refused text;
BEGIN
    IF p_amount IS NULL OR p_amount < 0 THEN
        RAISE EXCEPTION 'an amount is not negative' USING ERRCODE = 'PV005';
    END IF;
    v_refused := limits_use(p_holder, p_name, p_currency, p_amount, p_payment, p_day, p_month,
        (p_now AT TIME ZONE 'UTC')::date);
    IF v_refused = 'day' AND p_month IS NOT NULL THEN
        UPDATE wallet_usage SET used = used - p_amount
            WHERE holder_id = p_holder AND name = p_name AND currency = p_currency AND period = 'month'
                AND starts_on = date_trunc('month', p_now AT TIME ZONE 'UTC')::date;
    END IF;
    RETURN v_refused;
END $$;
