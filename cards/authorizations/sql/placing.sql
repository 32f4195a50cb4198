-- The second of the two statements (settled.md 6): place what was decided, if it still holds. One statement of its own
-- transaction: its commit is the answer.

-- Gives the id of the promise to tell the holder. Null: decide again, nothing was done (the state has moved, a code may not
-- be tried any more, or the message has come before, which the next snapshot says). PV100, PV001 and PV006 mean that too: a
-- window, or the money, went to somebody else. p_mark null locks nothing; p_exposure null: nobody is in the answer.
-- After p_patience it is given up.
CREATE FUNCTION cards_place(
    p_authorization text, p_network text, p_ref text, p_body_hash bytea, p_answer jsonb,
    p_card text, p_number text, p_holder text, p_state_version bigint, p_currency text, p_requested bigint, p_amount bigint,
    p_mcc text, p_country text, p_entry text, p_merchant bytea, p_mark bytea, p_once boolean, p_is_try boolean,
    p_day_limit bigint, p_month_limit bigint, p_lifetime_limit bigint,
    p_tier_payment bigint, p_tier_day bigint, p_tier_month bigint, p_expires_at timestamptz, p_response_code text,
    p_recipient text, p_schema text, p_purpose text, p_basis text, p_channel text, p_digest bytea, p_request text,
    p_at timestamptz, p_exposure text, p_fields text[], p_record bytea, p_body bytea,
    p_patience interval
) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_began timestamptz := clock_timestamp();
    v_now timestamptz;
    v_day date;
    v_tried int;
    v_hold bigint;
BEGIN
    -- The first lock of all: guesses at a number go one by one, each sees the count of all before it (cards_may_try).
    IF p_is_try AND pg_advisory_xact_lock(hashtextextended(p_number, 6)) IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT t.now, m.count INTO v_now, v_tried
        FROM core_time() t LEFT JOIN cards_mismatch m ON m.subject = p_number AND m.day = (t.now AT TIME ZONE 'UTC')::date;
    IF p_is_try AND v_tried >= 3 THEN
        RETURN NULL;
    END IF;
    IF issuing_lock_card(p_card) IS DISTINCT FROM p_state_version THEN
        RETURN NULL;
    END IF;
    INSERT INTO cards_networkmessage (network, ref, kind, body_hash, authorization_id, answer, at)
        VALUES (p_network, p_ref, 'authorization', p_body_hash, p_authorization, p_answer, v_now)
        ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    v_day := (v_now AT TIME ZONE 'UTC')::date;
    IF NOT cards_count_spending(p_card, p_amount, v_day, p_day_limit, p_month_limit, p_lifetime_limit, p_once, p_mark)
        -- A card's own number has no limits besides the card's.
        OR p_number <> p_card AND NOT vault_spend(p_number, p_amount)
        OR p_amount > 0 AND limits_use(p_holder, 'spending', p_currency, p_amount, p_tier_payment, p_tier_day,
            p_tier_month, v_day) IS NOT NULL THEN
        RAISE EXCEPTION 'a window has moved' USING ERRCODE = 'PV100';
    END IF;
    IF p_amount > 0 THEN
        v_hold := ledger_open_hold('auth:' || p_authorization, 'card', p_card, p_currency, 'network_settlement', p_amount,
            'authorization', p_authorization, p_expires_at, v_now);
    END IF;
    INSERT INTO cards_authorization
        (id, enc_version, card_id, number, holder_id, status, currency, requested_minor, authorized_minor, reversed_minor,
         captured_minor, refunded_minor, held_minor, hold, mcc, country, entry, reason, response_code, merchant,
         expires_at, decided_at)
        VALUES (p_authorization, 1, p_card, p_number, p_holder, 'approved', p_currency, p_requested, p_amount, 0, 0, 0,
            p_amount, v_hold, p_mcc, p_country, p_entry, '', p_response_code, p_merchant, p_expires_at, v_now);
    IF exposure_disclose_one(p_recipient, p_schema, p_purpose, p_basis, p_channel, p_digest, p_request, p_at, p_exposure,
            p_holder, p_fields, p_record, p_body, v_now) IS NOT NULL AND clock_timestamp() > v_began + p_patience THEN
        -- Waits that were each short enough (lock_timeout), and too long together.
        RAISE EXCEPTION 'the deadline is over' USING ERRCODE = 'query_canceled';
    END IF;
    RETURN core_promise('cards.authorization', p_authorization, '{"event": "decided"}', v_now);
END $$;

-- Count an approval if it still fits; false changes nothing. Inner step of cards_spend too, under the card's lock.
CREATE FUNCTION cards_count_spending(
    p_card text, p_minor bigint, p_day date, p_day_limit bigint, p_month_limit bigint, p_lifetime_limit bigint,
    p_once boolean, p_mark bytea
) RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    v_month date := date_trunc('month', p_day::timestamp)::date;
BEGIN
    FOR attempt IN 1..2 LOOP
        UPDATE cards_spending s SET
            day = p_day,
            day_minor = CASE WHEN s.day = p_day THEN s.day_minor ELSE 0 END + p_minor,
            month = v_month,
            month_minor = CASE WHEN s.month = v_month THEN s.month_minor ELSE 0 END + p_minor,
            lifetime_minor = s.lifetime_minor + p_minor,
            approvals = s.approvals + (p_minor > 0)::integer,
            locked_to = coalesce(s.locked_to, CASE WHEN p_minor > 0 THEN p_mark END)
        WHERE s.card_id = p_card
            AND (p_day_limit IS NULL OR CASE WHEN s.day = p_day THEN s.day_minor ELSE 0 END + p_minor <= p_day_limit)
            AND (p_month_limit IS NULL
                OR CASE WHEN s.month = v_month THEN s.month_minor ELSE 0 END + p_minor <= p_month_limit)
            AND (p_lifetime_limit IS NULL OR s.lifetime_minor + p_minor <= p_lifetime_limit)
            AND (NOT p_once OR s.approvals = 0)
            AND (p_mark IS NULL OR s.locked_to IS NULL OR s.locked_to = p_mark);
        IF FOUND THEN
            RETURN true;
        END IF;
        INSERT INTO cards_spending (card_id, day, day_minor, month, month_minor, lifetime_minor, approvals)
            VALUES (p_card, p_day, 0, v_month, 0, 0, 0) ON CONFLICT (card_id) DO NOTHING;
        IF NOT FOUND THEN
            RETURN false;
        END IF;
    END LOOP;
    RETURN false;
END $$;

CREATE OR REPLACE FUNCTION cards_spend(
    p_card text, p_minor bigint, p_day_limit bigint, p_month_limit bigint, p_lifetime_limit bigint,
    p_once boolean, p_mark bytea
) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT cards_count_spending(p_card, p_minor, (core_now() AT TIME ZONE 'UTC')::date, p_day_limit, p_month_limit,
        p_lifetime_limit, p_once, p_mark)
$$;
