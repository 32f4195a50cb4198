-- What a decision needs to know of a card.
CREATE FUNCTION issuing_card(p_card text)
    RETURNS TABLE (holder_id text, kind text, status text, state_version bigint, currency text, controls jsonb, link text)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
        SELECT c.holder_id, c.kind, c.status, c.state_version, c.currency, c.controls, c.link
        FROM cards_card c WHERE c.id = p_card;
    END;

-- Lock a card before money moves on it, and say which version of its state and rules is locked; null: no such card.
-- Order of locks, everywhere: card, authorization, ledger accounts.
CREATE FUNCTION issuing_lock(p_card text) RETURNS bigint
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$ SELECT c.state_version FROM public.cards_card c WHERE c.id = p_card FOR NO KEY UPDATE $$;
