-- The two statements of an authorization, with the number that was shown: its terms in the snapshot, its limits in the
-- placing. Replaces snapshot.sql and the two functions of place.sql.
DROP FUNCTION cards_snapshot(bytea, text, text, text);

-- The first of the two statements (settled.md 6): everything that a decision needs, of one moment. By the index of a
-- number, or by a number's id (a card's own has the card's). A number that is nobody's does the same look-ups and gives
-- nulls.
CREATE FUNCTION cards_snapshot(p_index bytea, p_number text, p_network text, p_ref text)
    RETURNS TABLE (
        now timestamptz, today date, seen jsonb, mismatches integer,
        card_id text, cvc_version integer, expiry text, merchants text[],
        holder_id text, kind text, status text, state_version bigint, currency text, controls jsonb, link text,
        day_minor bigint, month_minor bigint, lifetime_minor bigint, approvals integer, locked_to bytea,
        available bigint, tier text, tier_day bigint, tier_month bigint,
        number_id text, is_shredded boolean, ends_on date, per_payment_minor bigint, total_minor bigint,
        spent_minor bigint, place bytea, place_version bigint
    )
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_now timestamptz := core_now();
    v_today date := (v_now AT TIME ZONE 'UTC')::date;
BEGIN
    RETURN QUERY SELECT v_now, v_today,
        (SELECT jsonb_build_object('outcome', 'duplicate', 'body_hash', encode(m.body_hash, 'hex'), 'answer', m.answer)
            FROM cards_networkmessage m WHERE m.network = p_network AND m.ref = p_ref AND m.kind = 'authorization'),
        coalesce((SELECT w.count FROM cards_mismatch w
            WHERE w.subject = coalesce(n.number_id, encode(p_index, 'hex')) AND w.day = v_today), 0),
        coalesce(v.card_id, p_number), n.cvc_version, v.expiry, v.merchants,
        c.holder_id, c.kind, c.status, c.state_version, c.currency, c.controls, c.link,
        CASE WHEN s.day = v_today THEN s.day_minor ELSE 0 END,
        CASE WHEN s.month = date_trunc('month', v_today)::date THEN s.month_minor ELSE 0 END,
        coalesce(s.lifetime_minor, 0), coalesce(s.approvals, 0), s.locked_to,
        coalesce(f.free, 0), t.tier, u.day, u.month,
        v.number_id, v.is_shredded, v.ends_on, v.per_payment_minor, v.total_minor, v.spent_minor, v.place, v.place_version
    FROM (SELECT 1) AS one
    LEFT JOIN vault_find(p_index) n ON true
    -- The decoy: a number and a card that do not exist are looked up like those that do.
    LEFT JOIN LATERAL vault_terms(coalesce(p_number, n.number_id, 'num_of_nobody')) v ON true
    CROSS JOIN LATERAL (SELECT coalesce(v.card_id, p_number, 'card_of_nobody') AS card) d
    LEFT JOIN LATERAL issuing_card(d.card) c ON true
    LEFT JOIN cards_spending s ON s.card_id = d.card
    LEFT JOIN LATERAL ledger_free('card', d.card, coalesce(c.currency, 'EUR')) f ON true
    LEFT JOIN LATERAL limits_tier(coalesce(c.holder_id, '')) t ON true
    LEFT JOIN LATERAL limits_used(coalesce(c.holder_id, ''), 'spending', coalesce(c.currency, 'EUR'), v_now) u ON true;
END $$;

-- The second of the two statements (settled.md 6): place what was decided, if it still holds.

-- p: {authorization, network, ref, body_hash (hex), card, number, holder, state_version, pan_index (hex), currency,
--     requested, amount, mcc, country, entry, merchant (base64), mark (hex; null: locks nothing), once, is_try,
--     day_limit, month_limit, lifetime_limit, tier_payment, tier_day, tier_month, expires_at, response_code, answer}
-- Gives {"outcome": "placed", "outbox": id}; {"outcome": "stale"}: decide again, nothing was done;
-- {"outcome": "duplicate", "body_hash", "answer"}: it had come before.
CREATE OR REPLACE FUNCTION cards_place_authorization(p jsonb, p_disclosure jsonb) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_amount bigint := (p->>'amount')::bigint;
    v_card text := p->>'card';
    v_now timestamptz := core_now();
    v_hold bigint;
BEGIN
    IF (p->>'is_try')::boolean AND NOT cards_may_try(decode(p->>'pan_index', 'hex'))
        OR issuing_lock(v_card) IS DISTINCT FROM (p->>'state_version')::bigint THEN
        RETURN jsonb_build_object('outcome', 'stale');
    END IF;
    BEGIN
        INSERT INTO cards_networkmessage (network, ref, kind, body_hash, authorization_id, answer, at)
            VALUES (p->>'network', p->>'ref', 'authorization', decode(p->>'body_hash', 'hex'), p->>'authorization',
                p->'answer', v_now);
        IF NOT cards_spend(v_card, v_amount, (p->>'day_limit')::bigint, (p->>'month_limit')::bigint,
            (p->>'lifetime_limit')::bigint, (p->>'once')::boolean, decode(p->>'mark', 'hex')) THEN
            RAISE EXCEPTION 'a window has moved' USING ERRCODE = 'PV100';
        END IF;
        -- A card's own number has no limits besides the card's.
        IF p->>'number' IS DISTINCT FROM v_card AND NOT vault_spend(p->>'number', v_amount) THEN
            RAISE EXCEPTION 'a limit of the number has moved' USING ERRCODE = 'PV100';
        END IF;
        IF v_amount > 0 AND limits_consume(p->>'holder', 'spending', p->>'currency', v_amount, (p->>'tier_payment')::bigint,
            (p->>'tier_day')::bigint, (p->>'tier_month')::bigint, v_now) IS NOT NULL THEN
            RAISE EXCEPTION 'a limit of the holder has moved' USING ERRCODE = 'PV100';
        END IF;
        IF v_amount > 0 THEN
            v_hold := ledger_open_hold('auth:' || (p->>'authorization'), 'card', v_card, p->>'currency',
                'network_settlement', v_amount, 'authorization', p->>'authorization', (p->>'expires_at')::timestamptz);
        END IF;
    EXCEPTION
        WHEN unique_violation THEN
            RETURN cards_seen(p->>'network', p->>'ref', 'authorization');
        -- A window, or the money, went to somebody else since the snapshot.
        WHEN SQLSTATE 'PV100' OR SQLSTATE 'PV001' OR SQLSTATE 'PV006' THEN
            RETURN jsonb_build_object('outcome', 'stale');
    END;
    INSERT INTO cards_authorization
        (id, enc_version, card_id, number, holder_id, status, currency, requested_minor, authorized_minor, reversed_minor,
         captured_minor, refunded_minor, held_minor, hold, mcc, country, entry, reason, response_code, merchant,
         expires_at, decided_at)
        VALUES (p->>'authorization', 1, v_card, coalesce(p->>'number', ''), p->>'holder', 'approved', p->>'currency',
            (p->>'requested')::bigint, v_amount, 0, 0, 0, v_amount, v_hold, p->>'mcc', p->>'country', p->>'entry', '',
            p->>'response_code', decode(p->>'merchant', 'base64'), (p->>'expires_at')::timestamptz, v_now);
    PERFORM exposure_disclose(p_disclosure);
    RETURN jsonb_build_object('outcome', 'placed',
        'outbox', core_enqueue('cards.authorization', p->>'authorization', jsonb_build_object('event', 'decided')));
END $$;

-- The same for a no, which needs no lock of the card: p as above, with reason, is_mismatch (and is_try: a code was tried),
-- and card null for a number that is nobody's.
CREATE OR REPLACE FUNCTION cards_decline_authorization(p jsonb, p_disclosure jsonb) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF (p->>'is_try')::boolean AND NOT cards_may_try(decode(p->>'pan_index', 'hex')) THEN
        RETURN jsonb_build_object('outcome', 'stale');
    END IF;
    INSERT INTO cards_networkmessage (network, ref, kind, body_hash, authorization_id, answer)
        VALUES (p->>'network', p->>'ref', 'authorization', decode(p->>'body_hash', 'hex'), p->>'authorization', p->'answer')
        ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN cards_seen(p->>'network', p->>'ref', 'authorization');
    END IF;
    IF (p->>'is_mismatch')::boolean THEN
        PERFORM cards_count_mismatch(decode(p->>'pan_index', 'hex'));
    END IF;
    INSERT INTO cards_authorization
        (id, enc_version, card_id, number, holder_id, status, currency, requested_minor, authorized_minor, reversed_minor,
         captured_minor, refunded_minor, held_minor, mcc, country, entry, reason, response_code, merchant)
        VALUES (p->>'authorization', 1, p->>'card', coalesce(p->>'number', ''), p->>'holder', 'declined', p->>'currency',
            (p->>'requested')::bigint, 0, 0, 0, 0, 0, p->>'mcc', p->>'country', p->>'entry', p->>'reason', p->>'response_code',
            decode(p->>'merchant', 'base64'));
    PERFORM exposure_disclose(p_disclosure);
    RETURN jsonb_build_object('outcome', 'placed',
        'outbox', core_enqueue('cards.authorization', p->>'authorization', jsonb_build_object('event', 'decided')));
END $$;

-- Wrong tries are counted for each number: by its id, because its index changes when the index key rotates.
CREATE OR REPLACE FUNCTION cards_tried(p_index bytea) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce((SELECT n.number_id FROM vault_find(p_index) n), encode(p_index, 'hex'))
$$;
