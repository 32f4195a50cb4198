-- Replaced: while the index key rotates, a number's index may stand in either column (privacy.crypto.stages).
CREATE OR REPLACE FUNCTION vault_find(p_index bytea)
    RETURNS TABLE (card_id text, expiry text, cvc_version integer)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$
        SELECT n.card_id, n.expiry, n.cvc_version FROM public.cards_cardnumber n
        WHERE n.pan_index = p_index OR n.pan_index_next = p_index
    $$;
