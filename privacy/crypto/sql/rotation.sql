-- What a rotation may do to the key tables. Each function changes a row only if it still is what the caller saw, and
-- takes a key out of use only while nothing live depends on it.

INSERT INTO privacy_keyrotation (id, epoch, stage, index_version) VALUES (1, 1, 'stable', 1);
UPDATE privacy_branchkey SET wrapped_at = created_at;
UPDATE privacy_rootkey SET wrapped_at = created_at;

-- What is under way, for every process to see. Gives the new epoch, or null when somebody else changed it meanwhile.
CREATE FUNCTION keys_announce(p_epoch bigint, p_branch uuid, p_since timestamptz, p_holder text)
RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE privacy_keyrotation
    SET branch_target = p_branch, data_since = p_since, data_holder = p_holder, epoch = epoch + 1, changed_at = clock_timestamp()
    WHERE id = 1 AND epoch = p_epoch
    RETURNING epoch;
$$;

-- The next stage of the index rotation, and no other. At its end the old root is thrown away in the same moment.
CREATE FUNCTION keys_turn_index(p_epoch bigint, p_stage text, p_version integer)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_state privacy_keyrotation%ROWTYPE;
BEGIN
    SELECT * INTO v_state FROM privacy_keyrotation WHERE id = 1 FOR UPDATE;
    IF v_state.epoch <> p_epoch THEN
        RETURN NULL;
    END IF;
    IF (v_state.stage, p_stage) NOT IN (('stable', 'fill'), ('fill', 'turn'), ('turn', 'swap'), ('swap', 'clear'), ('clear', 'stable'))
        OR (v_state.stage = 'stable') <> (v_state.index_next IS NULL)
        OR p_version <> coalesce(v_state.index_next, p_version) OR p_version <= v_state.index_version
        OR NOT EXISTS (SELECT FROM privacy_rootkey WHERE purpose = 'index' AND version = p_version AND retired_at IS NULL)
    THEN
        RAISE EXCEPTION 'this is not the next stage' USING ERRCODE = 'check_violation';
    END IF;
    IF p_stage = 'stable' THEN
        UPDATE privacy_rootkey SET wrapped = '', retired_at = clock_timestamp()
        WHERE purpose = 'index' AND version < p_version AND retired_at IS NULL;
    END IF;
    UPDATE privacy_keyrotation SET
        stage = p_stage, epoch = epoch + 1, changed_at = clock_timestamp(),
        index_version = CASE WHEN p_stage = 'stable' THEN p_version ELSE index_version END,
        index_next = CASE WHEN p_stage = 'stable' THEN NULL ELSE p_version END
    WHERE id = 1;
    RETURN p_epoch + 1;
END
$$;

-- A further version of a root; whoever comes second with a version changes nothing.
CREATE FUNCTION keys_add_version(p_id uuid, p_purpose text, p_version integer, p_active_from timestamptz, p_kek text, p_wrapped bytea)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO privacy_rootkey (id, purpose, version, active_from, kek, wrapped)
    SELECT p_id, p_purpose, p_version, p_active_from, p_kek, p_wrapped
    WHERE EXISTS (SELECT FROM privacy_rootkey WHERE purpose = p_purpose AND version = p_version - 1)
    ON CONFLICT (purpose, version) DO NOTHING;
$$;

-- The same key under another KEK. False: it was changed or retired meanwhile.
CREATE FUNCTION keys_rewrap_branch(p_id uuid, p_old bytea, p_kek text, p_wrapped bytea)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE privacy_branchkey SET kek = p_kek, wrapped = p_wrapped, wrapped_at = clock_timestamp()
    WHERE id = p_id AND wrapped = p_old AND retired_at IS NULL;
    RETURN FOUND;
END
$$;

CREATE FUNCTION keys_rewrap_root(p_id uuid, p_old bytea, p_kek text, p_wrapped bytea)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE privacy_rootkey SET kek = p_kek, wrapped = p_wrapped, wrapped_at = clock_timestamp()
    WHERE id = p_id AND wrapped = p_old AND retired_at IS NULL;
    RETURN FOUND;
END
$$;

-- Whether a branch is in use; the share lock holds off its retirement until the caller's transaction ends.
CREATE FUNCTION keys_hold_branch(p_branch uuid)
RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM privacy_branchkey WHERE id = p_branch AND retired_at IS NULL FOR SHARE;
    RETURN FOUND;
END
$$;

-- Replaced: a data key is never stored under a branch that was retired meanwhile.
CREATE OR REPLACE FUNCTION keys_add_data(p_id uuid, p_holder text, p_class text, p_version integer, p_branch uuid, p_wrapped bytea)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM keys_lock(p_holder, p_class);
    IF keys_hold_branch(p_branch) AND NOT EXISTS (
        SELECT FROM privacy_datakey
        WHERE holder_id = p_holder AND key_class = p_class AND destroyed_at IS NOT NULL
    ) THEN
        INSERT INTO privacy_datakey (id, holder_id, key_class, version, branch_id, wrapped)
        VALUES (p_id, p_holder, p_class, p_version, p_branch, p_wrapped)
        ON CONFLICT (holder_id, key_class, version) DO NOTHING;
    END IF;
END
$$;

-- New versions for many holders at once.
CREATE FUNCTION keys_add_data_versions(
    p_ids uuid[], p_holders text[], p_classes text[], p_versions integer[], p_branch uuid, p_wrapped bytea[]
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM keys_add_data(n.id, n.holder, n.class, n.version, p_branch, n.wrapped)
    FROM unnest(p_ids, p_holders, p_classes, p_versions, p_wrapped) AS n (id, holder, class, version, wrapped);
END
$$;

-- The same data keys under another branch; how many.
CREATE FUNCTION keys_rewrap_data(p_ids uuid[], p_old bytea[], p_branch uuid, p_wrapped bytea[])
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_count bigint;
BEGIN
    IF NOT keys_hold_branch(p_branch) THEN
        RETURN 0;
    END IF;
    UPDATE privacy_datakey AS k SET branch_id = p_branch, wrapped = n.wrapped
    FROM unnest(p_ids, p_old, p_wrapped) AS n (id, old, wrapped)
    WHERE k.id = n.id AND k.wrapped = n.old AND k.destroyed_at IS NULL AND k.retired_at IS NULL;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;

-- Throw away the branches that are older than the target and wrap nothing any more; how many. The row's lock and
-- `keys_hold_branch` exclude each other: no data key comes under a branch that goes.
CREATE FUNCTION keys_retire_branches(p_target uuid)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_count bigint;
BEGIN
    PERFORM FROM privacy_branchkey WHERE retired_at IS NULL ORDER BY active_from FOR UPDATE;
    UPDATE privacy_branchkey AS b SET wrapped = '', retired_at = clock_timestamp()
    FROM privacy_branchkey AS t
    WHERE t.id = p_target AND t.retired_at IS NULL AND t.active_from <= clock_timestamp()
        AND b.active_from < t.active_from AND b.retired_at IS NULL
        AND NOT EXISTS (SELECT FROM privacy_datakey k WHERE k.branch_id = b.id AND k.wrapped IS NOT NULL);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;

-- Throw away data keys: only such as the rotation under way replaces, and only where a newer version goes on.
CREATE FUNCTION keys_retire_data(p_ids uuid[])
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_count bigint;
BEGIN
    UPDATE privacy_datakey AS k SET wrapped = NULL, retired_at = clock_timestamp()
    FROM privacy_keyrotation AS s
    WHERE s.id = 1 AND k.id = ANY(p_ids) AND k.created_at < s.data_since AND k.wrapped IS NOT NULL
        AND EXISTS (
            SELECT FROM privacy_datakey n WHERE n.holder_id = k.holder_id AND n.key_class = k.key_class
                AND n.version > k.version AND n.wrapped IS NOT NULL AND n.created_at >= s.data_since
        );
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;

-- Whoever writes, the owner included: what is retired never comes back, and a branch or root row is never deleted.
CREATE FUNCTION keys_retired_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'key rows are never deleted' USING ERRCODE = 'restrict_violation';
    ELSIF OLD.retired_at IS NOT NULL
        AND (NEW.retired_at, NEW.wrapped) IS DISTINCT FROM (OLD.retired_at, OLD.wrapped) THEN
        RAISE EXCEPTION 'a retired key stays retired' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER keys_retired_guard BEFORE UPDATE OR DELETE ON privacy_branchkey FOR EACH ROW EXECUTE FUNCTION keys_retired_guard();
CREATE TRIGGER keys_retired_guard BEFORE UPDATE OR DELETE ON privacy_rootkey FOR EACH ROW EXECUTE FUNCTION keys_retired_guard();
CREATE TRIGGER keys_retired_guard BEFORE UPDATE ON privacy_datakey FOR EACH ROW EXECUTE FUNCTION keys_retired_guard();
