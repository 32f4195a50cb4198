-- Without a search path of its own the planner takes it in.
CREATE OR REPLACE FUNCTION users_freeze_lock(p_holder text) RETURNS bigint
    LANGUAGE sql IMMUTABLE RETURN hashtextextended(p_holder, 34);

-- Whether a holder is frozen, for queries of other rooms: read after the lock, in a statement of its own.
CREATE FUNCTION users_freezes(p_holder text) RETURNS TABLE (is_frozen boolean)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
        SELECT EXISTS (SELECT 1 FROM wallet_freeze f WHERE f.holder_id = p_holder);
    END;
