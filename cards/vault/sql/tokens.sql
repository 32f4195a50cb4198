-- Numbers by their keyed index, their terms, and what is spent with tokens. Replaces find.sql and
-- find_while_rotating.sql.
DROP FUNCTION vault_find(bytea);
DROP FUNCTION vault_terms(text);

-- A number by its keyed index: what a decision needs of it, and nothing that could be shown. A shredded number is found
-- too: what comes late for it belongs to its card. While the index key rotates, a number's index may stand in either
-- column (privacy.crypto.stages). No row for a number that is nobody's.
CREATE FUNCTION vault_find(p_index bytea)
    RETURNS TABLE (card_id text, expiry text, cvc_version integer, number_id text)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
        SELECT n.card_id, n.expiry, n.cvc_version, n.id FROM cards_cardnumber n
        WHERE n.pan_index = p_index OR n.pan_index_next = p_index;
    END;

-- What a number carries, by its id (a card's own number has the card's): its expiry, the merchants of its domain (null:
-- no domain), its sealed merchant, and for a token its limits and what was spent with it.
CREATE FUNCTION vault_terms(p_number text)
    RETURNS TABLE (
        number_id text, card_id text, expiry text, merchants text[], is_shredded boolean, ends_on date,
        per_payment_minor bigint, total_minor bigint, spent_minor bigint, place bytea, place_version bigint
    )
    LANGUAGE sql STABLE
    BEGIN ATOMIC
        SELECT n.id, n.card_id, n.expiry, d.merchants, n.shredded_at IS NOT NULL, n.ends_on,
            n.per_payment_minor, n.total_minor, coalesce(s.spent_minor, 0), p.place, p.enc_version
        FROM cards_cardnumber n
        LEFT JOIN cards_tokendomain d ON d.ref = n.domain_id
        LEFT JOIN cards_numberplace p ON p.number_id = n.id
        LEFT JOIN cards_numberspending s ON s.number_id = n.id
        WHERE n.id = p_number;
    END;

-- Count an approval with a token if it lives and its limits still allow it; false changes nothing. Called under the
-- card's lock, in the transaction of the hold. A card's own number has no limits of its own: the card has.
CREATE FUNCTION vault_spend(p_number text, p_minor bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_number public.cards_cardnumber;
BEGIN
    SELECT * INTO v_number FROM public.cards_cardnumber n WHERE n.id = p_number;
    IF NOT FOUND OR v_number.shredded_at IS NOT NULL OR v_number.ends_on < (core_now() AT TIME ZONE 'UTC')::date
        OR v_number.per_payment_minor < p_minor OR v_number.total_minor < p_minor THEN
        RETURN false;
    ELSIF v_number.id = v_number.card_id THEN
        RETURN true;
    END IF;
    INSERT INTO public.cards_numberspending AS s (number_id, spent_minor, payments, used_at)
        VALUES (p_number, p_minor, (p_minor > 0)::integer, core_now())
        ON CONFLICT (number_id) DO UPDATE SET
            spent_minor = s.spent_minor + excluded.spent_minor,
            payments = s.payments + excluded.payments,
            used_at = excluded.used_at
        WHERE v_number.total_minor IS NULL OR s.spent_minor + excluded.spent_minor <= v_number.total_minor;
    RETURN FOUND;
END $$;

-- Count what cannot be refused any more (an increment that was decided, a clearing beyond the hold), whatever the limits.
CREATE FUNCTION vault_count(p_number text, p_minor bigint) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO public.cards_numberspending AS s (number_id, spent_minor, payments, used_at)
        SELECT n.id, p_minor, 0, core_now() FROM public.cards_cardnumber n
            WHERE n.id = p_number AND n.id <> n.card_id
        ON CONFLICT (number_id) DO UPDATE SET
            spent_minor = s.spent_minor + excluded.spent_minor, used_at = excluded.used_at
$$;

-- Give back what was released.
CREATE FUNCTION vault_give_back(p_number text, p_minor bigint) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE public.cards_numberspending s SET spent_minor = greatest(s.spent_minor - p_minor, 0)
        WHERE s.number_id = p_number
$$;
