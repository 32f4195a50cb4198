-- A number by its keyed index: what a decision needs of it, and nothing that could be shown. No row for a number that
-- is nobody's.
CREATE FUNCTION vault_find(p_index bytea)
    RETURNS TABLE (card_id text, expiry text, cvc_version integer)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
        SELECT n.card_id, n.expiry, n.cvc_version FROM cards_cardnumber n WHERE n.pan_index = p_index;
    END;

-- What a card's number carries: its expiry, and the merchants of its domain (null: no domain).
CREATE FUNCTION vault_terms(p_card text)
    RETURNS TABLE (expiry text, merchants text[])
    LANGUAGE sql STABLE
    BEGIN ATOMIC
        SELECT n.expiry, d.merchants
        FROM cards_cardnumber n LEFT JOIN cards_tokendomain d ON d.ref = n.domain_id
        WHERE n.card_id = p_card;
    END;
