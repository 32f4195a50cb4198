-- Freezing a holder (settled.md 34). One rule for everything that lets money out: `users_may_spend` in its transaction.
-- It shares a lock with others that spend and excludes a freeze, so a freeze waits for the payments that are under way,
-- and after it has answered none begins.

CREATE FUNCTION users_freeze_lock(p_holder text) RETURNS bigint
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT hashtextextended(p_holder, 34) $$;

CREATE FUNCTION users_is_frozen(p_holder text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$ SELECT EXISTS (SELECT 1 FROM wallet_freeze f WHERE f.holder_id = p_holder) $$;

CREATE FUNCTION users_may_spend(p_holder text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(users_freeze_lock(p_holder));
    RETURN NOT users_is_frozen(p_holder);
END $$;

-- Freeze (true) or unfreeze; false: it was so already.
CREATE FUNCTION users_set_frozen(p_holder text, p_frozen boolean) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(users_freeze_lock(p_holder));
    IF p_frozen THEN
        INSERT INTO wallet_freeze (holder_id, at) VALUES (p_holder, core_now()) ON CONFLICT DO NOTHING;
    ELSE
        DELETE FROM wallet_freeze f WHERE f.holder_id = p_holder;
    END IF;
    RETURN FOUND;
END $$;
