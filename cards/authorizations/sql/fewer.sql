-- The first of the two statements, with fewer queries in it: see reading.sql, whose function this replaces. What is null
-- is nothing yet; whoever calls takes it for zero.
CREATE OR REPLACE FUNCTION cards_snapshot(p_index bytea, p_number text, p_network text, p_ref text)
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
#variable_conflict use_column
BEGIN
    SELECT t.now, (t.now AT TIME ZONE 'UTC')::date,
            CASE WHEN m.id IS NOT NULL THEN
                jsonb_build_object('outcome', 'duplicate', 'body_hash', encode(m.body_hash, 'hex'), 'answer', m.answer) END
        INTO now, today, seen
        FROM core_time() t LEFT JOIN cards_networkmessage m
            ON m.network = p_network AND m.ref = p_ref AND m.kind = 'authorization' AND m.sequence = 0;
    IF p_number IS NULL THEN
        SELECT v.number_id, v.card_id, v.cvc_version, v.expiry, v.merchants, v.is_shredded, v.ends_on,
                v.per_payment_minor, v.total_minor, v.spent_minor, v.place, v.place_version
            INTO number_id, card_id, cvc_version, expiry, merchants, is_shredded, ends_on,
                per_payment_minor, total_minor, spent_minor, place, place_version
            FROM vault_shown(p_index) v;
    ELSE
        SELECT v.number_id, v.card_id, v.expiry, v.merchants, v.is_shredded, v.ends_on,
                v.per_payment_minor, v.total_minor, v.spent_minor, v.place, v.place_version
            INTO number_id, card_id, expiry, merchants, is_shredded, ends_on,
                per_payment_minor, total_minor, spent_minor, place, place_version
            FROM vault_terms(p_number) v;
        card_id := coalesce(card_id, p_number);
    END IF;
    SELECT w.count INTO mismatches FROM cards_mismatch w
        WHERE w.subject = CASE WHEN p_number IS NULL THEN coalesce(cards_snapshot.number_id, encode(p_index, 'hex')) END
            AND w.day = cards_snapshot.today;
    -- The decoy: a card that does not exist is looked up like one that does.
    SELECT c.holder_id, c.kind, c.status, c.state_version, c.currency, c.controls, c.link
        INTO holder_id, kind, status, state_version, currency, controls, link
        FROM issuing_card(coalesce(cards_snapshot.card_id, 'card_of_nobody')) c;
    SELECT CASE WHEN s.day = cards_snapshot.today THEN s.day_minor ELSE 0 END,
            CASE WHEN s.month = date_trunc('month', cards_snapshot.today::timestamp)::date THEN s.month_minor ELSE 0 END,
            s.lifetime_minor, s.approvals, s.locked_to
        INTO day_minor, month_minor, lifetime_minor, approvals, locked_to
        FROM cards_spending s WHERE s.card_id = coalesce(cards_snapshot.card_id, 'card_of_nobody');
    SELECT f.free INTO available
        FROM ledger_free('card', coalesce(cards_snapshot.card_id, 'card_of_nobody'), coalesce(cards_snapshot.currency, 'EUR')) f;
    SELECT t.tier, u.day, u.month INTO tier, tier_day, tier_month
        FROM limits_tier(coalesce(cards_snapshot.holder_id, '')) t, limits_used(coalesce(cards_snapshot.holder_id, ''),
            'spending', coalesce(cards_snapshot.currency, 'EUR'), cards_snapshot.now) u;
    RETURN NEXT;
END $$;
