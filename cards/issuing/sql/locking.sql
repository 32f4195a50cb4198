-- What a decision reads of a card, and its lock, with the holder's freeze looked up by one query that the planner takes in.
CREATE OR REPLACE FUNCTION issuing_card(p_card text)
    RETURNS TABLE (holder_id text, kind text, status text, state_version bigint, currency text, controls jsonb, link text)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
        SELECT c.holder_id, c.kind,
            CASE WHEN c.status <> 'closed' AND f.is_frozen THEN 'holder_frozen' ELSE c.status END,
            c.state_version, c.currency, c.controls, c.link
        FROM cards_card c, users_freezes(c.holder_id) f WHERE c.id = p_card;
    END;

-- Inner step of `issuing_lock`. Order of locks, everywhere: card, holder's freeze, authorization, ledger accounts.
CREATE FUNCTION issuing_lock_card(p_card text) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    v_holder text;
    v_version bigint;
    v_is_frozen boolean;
BEGIN
    SELECT c.holder_id, c.state_version INTO v_holder, v_version FROM cards_card c WHERE c.id = p_card FOR NO KEY UPDATE;
    IF v_holder IS NULL OR pg_advisory_xact_lock_shared(users_freeze_lock(v_holder)) IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT f.is_frozen INTO v_is_frozen FROM users_freezes(v_holder) f;
    IF v_is_frozen THEN
        RETURN NULL;
    END IF;
    RETURN v_version;
END $$;

-- As before.
CREATE OR REPLACE FUNCTION issuing_lock(p_card text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$ BEGIN RETURN issuing_lock_card(p_card); END $$;
