-- The only ways to write the key tables. All run on the keyring's own connection and commit at once.
-- Random keys are made and wrapped by the caller: the database never sees one in clear.

-- A branch key; whoever comes second for a time changes nothing and reads the first one's.
CREATE FUNCTION keys_add_branch(p_id uuid, p_active_from timestamptz, p_kek text, p_wrapped bytea)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO privacy_branchkey (id, active_from, kek, wrapped)
    VALUES (p_id, p_active_from, p_kek, p_wrapped)
    ON CONFLICT (active_from) DO NOTHING;
$$;

-- A root key; whoever comes second with a version changes nothing.
CREATE FUNCTION keys_add_root(p_id uuid, p_purpose text, p_version integer, p_kek text, p_wrapped bytea)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO privacy_rootkey (id, purpose, version, kek, wrapped)
    VALUES (p_id, p_purpose, p_version, p_kek, p_wrapped)
    ON CONFLICT (purpose, version) DO NOTHING;
$$;

-- One at a time for a holder's keys of one class: making a key and destroying them must not cross.
CREATE FUNCTION keys_lock(p_holder text, p_class text)
RETURNS void LANGUAGE sql SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT pg_advisory_xact_lock(hashtextextended(p_class || ':' || p_holder, 7053412));
$$;

-- A data key; whoever comes second with a version, or after the destruction, changes nothing.
CREATE FUNCTION keys_add_data(p_id uuid, p_holder text, p_class text, p_version integer, p_branch uuid, p_wrapped bytea)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM keys_lock(p_holder, p_class);
    IF NOT EXISTS (
        SELECT FROM privacy_datakey
        WHERE holder_id = p_holder AND key_class = p_class AND destroyed_at IS NOT NULL
    ) THEN
        INSERT INTO privacy_datakey (id, holder_id, key_class, version, branch_id, wrapped)
        VALUES (p_id, p_holder, p_class, p_version, p_branch, p_wrapped)
        ON CONFLICT (holder_id, key_class, version) DO NOTHING;
    END IF;
END
$$;

-- Add to the count of values sealed under a key; gives the new count, or nothing for a key that is gone.
CREATE FUNCTION keys_count_messages(p_id uuid, p_messages bigint)
RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE privacy_datakey SET messages = messages + greatest(p_messages, 0)
    WHERE id = p_id AND destroyed_at IS NULL
    RETURNING messages;
$$;

-- Destroy a holder's keys of one class, for good, and journal it. A holder who never had one gets a tombstone, so that
-- none is made later. Gives false when they were destroyed before.
CREATE FUNCTION keys_destroy(p_holder text, p_class text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF p_holder = '' OR p_class NOT IN ('life', 'law') THEN
        RAISE EXCEPTION 'only the keys of a holder can be destroyed' USING ERRCODE = 'check_violation';
    END IF;
    PERFORM keys_lock(p_holder, p_class);
    IF EXISTS (
        SELECT FROM privacy_datakey
        WHERE holder_id = p_holder AND key_class = p_class AND destroyed_at IS NOT NULL
    ) THEN
        RETURN false;
    END IF;
    UPDATE privacy_datakey SET wrapped = NULL, destroyed_at = clock_timestamp()
    WHERE holder_id = p_holder AND key_class = p_class;
    IF NOT FOUND THEN
        INSERT INTO privacy_datakey (id, holder_id, key_class, version, destroyed_at)
        VALUES (gen_random_uuid(), p_holder, p_class, 1, clock_timestamp());
    END IF;
    -- The lock outlives the number: readers who ask for "after the last I saw" never miss a late commit.
    PERFORM pg_advisory_xact_lock(7053412);
    INSERT INTO privacy_keyerasure (seq, holder_id, key_class)
    SELECT coalesce(max(seq), 0) + 1, p_holder, p_class FROM privacy_keyerasure;
    RETURN true;
END
$$;

-- Whoever writes, the owner included: a tombstone stays, no key row goes, and what a key is for never changes.
CREATE FUNCTION keys_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'key rows are never deleted' USING ERRCODE = 'restrict_violation';
    ELSIF OLD.destroyed_at IS NOT NULL THEN
        RAISE EXCEPTION 'a destroyed key stays destroyed' USING ERRCODE = 'restrict_violation';
    ELSIF (NEW.id, NEW.holder_id, NEW.key_class, NEW.version) IS DISTINCT FROM (OLD.id, OLD.holder_id, OLD.key_class, OLD.version) THEN
        RAISE EXCEPTION 'what a key is for never changes' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER keys_guard BEFORE UPDATE OR DELETE ON privacy_datakey FOR EACH ROW EXECUTE FUNCTION keys_guard();

CREATE FUNCTION keys_journal_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'the erasure journal only grows' USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER keys_journal_guard BEFORE UPDATE OR DELETE ON privacy_keyerasure
FOR EACH ROW EXECUTE FUNCTION keys_journal_guard();
