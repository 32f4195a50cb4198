-- What was typed, in one look-up: a number by its keyed index with all that it carries. One row always: for a number that
-- is nobody's the same tables are looked at, and give nulls (A06). A shredded number is found too, and while the index key
-- rotates either column (see tokens.sql).
CREATE FUNCTION vault_shown(p_index bytea)
    RETURNS TABLE (
        number_id text, card_id text, cvc_version integer, expiry text, merchants text[], is_shredded boolean, ends_on date,
        per_payment_minor bigint, total_minor bigint, spent_minor bigint, place bytea, place_version bigint
    )
    LANGUAGE sql STABLE
    BEGIN ATOMIC
        SELECT n.id, n.card_id, n.cvc_version, n.expiry, d.merchants, n.shredded_at IS NOT NULL, n.ends_on,
            n.per_payment_minor, n.total_minor, coalesce(s.spent_minor, 0), p.place, p.enc_version
        FROM (SELECT 1) AS one
        LEFT JOIN cards_cardnumber n ON n.pan_index = p_index OR n.pan_index_next = p_index
        LEFT JOIN cards_tokendomain d ON d.ref = coalesce(n.domain_id, 'domain_of_nobody')
        LEFT JOIN cards_numberplace p ON p.number_id = coalesce(n.id, 'num_of_nobody')
        LEFT JOIN cards_numberspending s ON s.number_id = coalesce(n.id, 'num_of_nobody');
    END;
