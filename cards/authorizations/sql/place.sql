-- The second of the two statements (settled.md 6): place what was decided, if it still holds.

-- p: {authorization, network, ref, body_hash (hex), card, holder, state_version, pan_index (hex), currency, requested,
--     amount, mcc, country, entry, merchant (base64), mark (hex; null: locks nothing), once, is_try,
--     day_limit, month_limit, lifetime_limit, tier_payment, tier_day, tier_month, expires_at, response_code, answer}
-- Gives {"outcome": "placed", "outbox": id}; {"outcome": "stale"}: decide again, nothing was done;
-- {"outcome": "duplicate", "body_hash", "answer"}: it had come before.
CREATE FUNCTION cards_place_authorization(p jsonb, p_disclosure jsonb) RETURNS jsonb
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
        (id, enc_version, card_id, holder_id, status, currency, requested_minor, authorized_minor, reversed_minor,
         captured_minor, refunded_minor, held_minor, hold, mcc, country, entry, reason, response_code, merchant,
         expires_at, decided_at)
        VALUES (p->>'authorization', 1, v_card, p->>'holder', 'approved', p->>'currency', (p->>'requested')::bigint,
            v_amount, 0, 0, 0, v_amount, v_hold, p->>'mcc', p->>'country', p->>'entry', '', p->>'response_code',
            decode(p->>'merchant', 'base64'), (p->>'expires_at')::timestamptz, v_now);
    PERFORM exposure_disclose(p_disclosure);
    RETURN jsonb_build_object('outcome', 'placed',
        'outbox', core_enqueue('cards.authorization', p->>'authorization', jsonb_build_object('event', 'decided')));
END $$;

-- The same for a no, which needs no lock of the card: p as above, with reason, is_mismatch (and is_try: a code was tried),
-- and card null for a number that is nobody's.
CREATE FUNCTION cards_decline_authorization(p jsonb, p_disclosure jsonb) RETURNS jsonb
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
        (id, enc_version, card_id, holder_id, status, currency, requested_minor, authorized_minor, reversed_minor,
         captured_minor, refunded_minor, held_minor, mcc, country, entry, reason, response_code, merchant)
        VALUES (p->>'authorization', 1, p->>'card', p->>'holder', 'declined', p->>'currency', (p->>'requested')::bigint,
            0, 0, 0, 0, 0, p->>'mcc', p->>'country', p->>'entry', p->>'reason', p->>'response_code',
            decode(p->>'merchant', 'base64'));
    PERFORM exposure_disclose(p_disclosure);
    RETURN jsonb_build_object('outcome', 'placed',
        'outbox', core_enqueue('cards.authorization', p->>'authorization', jsonb_build_object('event', 'decided')));
END $$;

-- What a message was answered when it came first; null: it has not come.
CREATE FUNCTION cards_seen(p_network text, p_ref text, p_kind text) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT jsonb_build_object('outcome', 'duplicate', 'body_hash', encode(m.body_hash, 'hex'), 'answer', m.answer)
    FROM cards_networkmessage m WHERE m.network = p_network AND m.ref = p_ref AND m.kind = p_kind
$$;
