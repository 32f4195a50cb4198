-- The first of the two statements (settled.md 6): everything that a decision needs, of one moment. By the index of a
-- number, or for a payment of our own by the card. A number that is nobody's does the same look-ups and gives nulls.
CREATE FUNCTION cards_snapshot(p_index bytea, p_card text, p_network text, p_ref text)
    RETURNS TABLE (
        now timestamptz, today date, seen jsonb, mismatches integer,
        card_id text, cvc_version integer, expiry text, merchants text[],
        holder_id text, kind text, status text, state_version bigint, currency text, controls jsonb, link text,
        day_minor bigint, month_minor bigint, lifetime_minor bigint, approvals integer, locked_to bytea,
        available bigint, tier text, tier_day bigint, tier_month bigint
    )
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_now timestamptz := core_now();
    v_today date := (v_now AT TIME ZONE 'UTC')::date;
BEGIN
    RETURN QUERY SELECT v_now, v_today,
        (SELECT jsonb_build_object('outcome', 'duplicate', 'body_hash', encode(m.body_hash, 'hex'), 'answer', m.answer)
            FROM cards_networkmessage m WHERE m.network = p_network AND m.ref = p_ref AND m.kind = 'authorization'),
        coalesce((SELECT w.count FROM cards_mismatch w WHERE w.pan_index = p_index AND w.day = v_today), 0),
        coalesce(p_card, n.card_id), n.cvc_version, v.expiry, v.merchants,
        c.holder_id, c.kind, c.status, c.state_version, c.currency, c.controls, c.link,
        CASE WHEN s.day = v_today THEN s.day_minor ELSE 0 END,
        CASE WHEN s.month = date_trunc('month', v_today)::date THEN s.month_minor ELSE 0 END,
        coalesce(s.lifetime_minor, 0), coalesce(s.approvals, 0), s.locked_to,
        coalesce(f.free, 0), t.tier, u.day, u.month
    FROM (SELECT 1) AS one
    LEFT JOIN vault_find(p_index) n ON true
    -- The decoy: a card that does not exist is looked up like one that does.
    CROSS JOIN LATERAL (SELECT coalesce(p_card, n.card_id, 'card_of_nobody') AS card) d
    LEFT JOIN LATERAL vault_terms(d.card) v ON true
    LEFT JOIN LATERAL issuing_card(d.card) c ON true
    LEFT JOIN cards_spending s ON s.card_id = d.card
    LEFT JOIN LATERAL ledger_free('card', d.card, coalesce(c.currency, 'EUR')) f ON true
    LEFT JOIN LATERAL limits_tier(coalesce(c.holder_id, '')) t ON true
    LEFT JOIN LATERAL limits_used(coalesce(c.holder_id, ''), 'spending', coalesce(c.currency, 'EUR'), v_now) u ON true;
END $$;
