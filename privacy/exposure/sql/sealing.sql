-- The sealed log: one sealer gives each exposure its place, and nothing that has a place ever changes.

INSERT INTO privacy_loghead (id, size, root) VALUES (1, 0, sha256(''));
ALTER TABLE privacy_logtile ALTER COLUMN hashes SET STORAGE EXTERNAL;
ALTER TABLE privacy_logtile ADD CONSTRAINT logtile_width
    CHECK (octet_length(hashes) % 32 = 0 AND octet_length(hashes) BETWEEN 32 AND 8192);
ALTER TABLE privacy_logstatement ADD CONSTRAINT logstatement_whole CHECK (num_nonnulls(leaf, leaf_index) IN (0, 2));
ALTER TABLE privacy_exposure ADD CONSTRAINT exposure_leaf_length CHECK (octet_length(leaf) = 37);

-- Wake a sealer that sleeps. It holds this lock alone while it does, so only the first exposures after a quiet time
-- notify (a NOTIFY makes commits queue up); a sealer that is awake cannot fall asleep before this transaction has ended.
CREATE FUNCTION exposure_wake() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock_shared(7053415) THEN
        NOTIFY exposure_unsealed;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER exposure_wake AFTER INSERT ON privacy_exposure FOR EACH STATEMENT EXECUTE FUNCTION exposure_wake();
CREATE TRIGGER exposure_wake AFTER INSERT ON privacy_logstatement FOR EACH STATEMENT EXECUTE FUNCTION exposure_wake();

-- Append one batch to a log of p_size leaves: statements first, then exposures, each in the order given. All or nothing:
-- whoever comes with an outdated size (a second sealer) changes nothing.
-- Gives the new size.
CREATE FUNCTION exposure_seal(
    p_size bigint, p_root bytea, p_statements bigint[], p_statement_leaves bytea[], p_ids text[], p_counters bytea[],
    p_previous bytea[], p_leaves bytea[], p_levels smallint[], p_ns bigint[], p_hashes bytea[]
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_exposures bigint := p_size + cardinality(p_statements);
    v_size bigint := v_exposures + cardinality(p_ids);
    v_done bigint;
BEGIN
    UPDATE privacy_loghead SET size = v_size, root = p_root WHERE id = 1 AND size = p_size;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the log has grown meanwhile' USING ERRCODE = 'PV010';
    END IF;
    UPDATE privacy_logstatement AS s SET leaf = u.leaf, leaf_index = p_size + u.place - 1
    FROM unnest(p_statements, p_statement_leaves) WITH ORDINALITY AS u (id, leaf, place)
    WHERE s.id = u.id AND s.leaf_index IS NULL;
    GET DIAGNOSTICS v_done = ROW_COUNT;
    IF v_done <> cardinality(p_statements) THEN
        RAISE EXCEPTION 'a statement has a place already' USING ERRCODE = 'PV010';
    END IF;
    UPDATE privacy_exposure AS x
    SET counter_sealed = u.counter, previous_sealed = u.previous, leaf = u.leaf, leaf_index = v_exposures + u.place - 1
    FROM unnest(p_ids, p_counters, p_previous, p_leaves) WITH ORDINALITY AS u (id, counter, previous, leaf, place)
    WHERE x.id = u.id AND x.leaf_index IS NULL;
    GET DIAGNOSTICS v_done = ROW_COUNT;
    IF v_done <> cardinality(p_ids) THEN
        RAISE EXCEPTION 'an exposure has a place already' USING ERRCODE = 'PV010';
    END IF;
    INSERT INTO privacy_logtile AS t (level, n, hashes) SELECT * FROM unnest(p_levels, p_ns, p_hashes)
    ON CONFLICT (level, n) DO UPDATE SET hashes = excluded.hashes
    WHERE substring(excluded.hashes FROM 1 FOR octet_length(t.hashes)) = t.hashes;
    GET DIAGNOSTICS v_done = ROW_COUNT;
    IF v_done <> cardinality(p_levels) THEN
        RAISE EXCEPTION 'a tile only grows' USING ERRCODE = 'PV010';
    END IF;
    RETURN v_size;
END
$$;

-- Exposures that nobody can seal any more: their holder's key is gone, or they do not open.
CREATE FUNCTION exposure_lay_aside(p_ids text[])
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE privacy_exposure SET is_unsealable = true WHERE id = ANY (p_ids) AND leaf_index IS NULL;
$$;

-- A dump that was read into another cluster brings transaction numbers that this one has not reached: what is unsealed
-- among them would wait for years. It takes the present one. Gives how many there were.
CREATE FUNCTION exposure_renumber()
RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH moved AS (
        UPDATE privacy_exposure SET xid = pg_current_xact_id()
        WHERE leaf_index IS NULL AND NOT is_unsealable AND xid >= pg_snapshot_xmax(pg_current_snapshot())
            AND xid <> pg_current_xact_id()
        RETURNING 1
    )
    SELECT count(*) FROM moved;
$$;

-- Say something in the log that is about nobody. Gives the statement's id.
CREATE FUNCTION exposure_state(p_kind text, p_text text, p_r bytea)
RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO privacy_logstatement (kind, text, r) VALUES (p_kind, p_text, p_r) RETURNING id;
$$;

-- Publish a signed checkpoint, which is in the file outside the database already; an older one changes nothing.
CREATE FUNCTION exposure_publish(p_size bigint, p_checkpoint text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE privacy_loghead SET checkpoint = p_checkpoint, checkpoint_size = p_size
    WHERE id = 1 AND size >= p_size AND checkpoint_size <= p_size;
    RETURN FOUND;
END
$$;

-- Whoever writes, the owner included: what the log holds stays as it is, and where it is. Only a rotation of keys puts
-- the same counter under another key.
CREATE FUNCTION exposure_sealed_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF (NEW.leaf, NEW.leaf_index) IS DISTINCT FROM (OLD.leaf, OLD.leaf_index) THEN
        RAISE EXCEPTION 'a leaf of the log stays as it is' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER exposure_sealed_guard BEFORE UPDATE ON privacy_exposure
FOR EACH ROW WHEN (OLD.leaf_index IS NOT NULL) EXECUTE FUNCTION exposure_sealed_guard();
CREATE TRIGGER exposure_sealed_guard BEFORE UPDATE ON privacy_logstatement
FOR EACH ROW WHEN (OLD.leaf_index IS NOT NULL) EXECUTE FUNCTION exposure_sealed_guard();
