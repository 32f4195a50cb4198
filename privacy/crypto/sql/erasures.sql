-- Destroy a holder's keys of one class, for good, and journal it. A holder who never had one gets a tombstone, so that
-- none is made later. A row that came back alive beside a tombstone goes too. Gives false when nothing was left to do.
CREATE OR REPLACE FUNCTION keys_destroy(p_holder text, p_class text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF p_holder = '' OR p_class NOT IN ('life', 'law') THEN
        RAISE EXCEPTION 'only the keys of a holder can be destroyed' USING ERRCODE = 'check_violation';
    END IF;
    PERFORM keys_lock(p_holder, p_class);
    UPDATE privacy_datakey SET wrapped = NULL, destroyed_at = clock_timestamp()
    WHERE holder_id = p_holder AND key_class = p_class AND destroyed_at IS NULL;
    IF NOT FOUND THEN
        IF EXISTS (SELECT FROM privacy_datakey WHERE holder_id = p_holder AND key_class = p_class) THEN
            RETURN false;
        END IF;
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
