-- Cards of a frozen holder (wallet.users). The decision reads a status that no card has; the lock before a payment says
-- null, as for a card that is not there, so that nothing is placed whatever was decided.
CREATE OR REPLACE FUNCTION issuing_card(p_card text)
    RETURNS TABLE (holder_id text, kind text, status text, state_version bigint, currency text, controls jsonb, link text)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
        SELECT c.holder_id, c.kind,
            CASE WHEN c.status <> 'closed' AND users_is_frozen(c.holder_id) THEN 'holder_frozen' ELSE c.status END,
            c.state_version, c.currency, c.controls, c.link
        FROM cards_card c WHERE c.id = p_card;
    END;

-- Lock a card before money leaves it, and say which version of its state and rules is locked; null: no such card, or a
-- frozen holder's. Order of locks, everywhere: card, holder's freeze, authorization, ledger accounts.
CREATE OR REPLACE FUNCTION issuing_lock(p_card text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_holder text;
    v_version bigint;
BEGIN
    SELECT c.holder_id, c.state_version INTO v_holder, v_version
        FROM public.cards_card c WHERE c.id = p_card FOR NO KEY UPDATE;
    IF v_holder IS NULL OR NOT users_may_spend(v_holder) THEN
        RETURN NULL;
    END IF;
    RETURN v_version;
END $$;
