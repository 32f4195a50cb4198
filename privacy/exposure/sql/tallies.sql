-- How often whom was told what about whom: counted when an exposure is sealed, so that nobody who pays waits for it.

-- What is sealed or laid aside already.
INSERT INTO privacy_tally (holder_id, recipient_id, fields, count, last_at)
    SELECT holder_id, recipient_id, fields, count(*), max(at) FROM privacy_exposure
    WHERE leaf_index IS NOT NULL OR is_unsealable GROUP BY holder_id, recipient_id, fields;
UPDATE privacy_exposure AS x SET tally_id = t.id FROM privacy_tally AS t
    WHERE (x.leaf_index IS NOT NULL OR x.is_unsealable)
        AND (t.holder_id, t.recipient_id, t.fields) = (x.holder_id, x.recipient_id, x.fields);

-- Inner step of sealing: count these exposures. Each is counted once: whoever calls has just taken it from the unsealed.
CREATE FUNCTION exposure_tally(p_ids text[])
RETURNS void LANGUAGE sql SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO privacy_tally AS t (holder_id, recipient_id, fields, count, last_at)
        SELECT holder_id, recipient_id, fields, count(*), max(at) FROM privacy_exposure
        WHERE id = ANY (p_ids) GROUP BY holder_id, recipient_id, fields
    ON CONFLICT (holder_id, recipient_id, fields)
    DO UPDATE SET count = t.count + excluded.count, last_at = greatest(t.last_at, excluded.last_at);
$$;

-- As in sealing.sql, and each exposure is counted.
CREATE OR REPLACE FUNCTION exposure_seal(
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
    PERFORM exposure_tally(p_ids);
    UPDATE privacy_exposure AS x
    SET counter_sealed = u.counter, previous_sealed = u.previous, leaf = u.leaf, leaf_index = v_exposures + u.place - 1,
        tally_id = (
            SELECT t.id FROM privacy_tally AS t
            WHERE (t.holder_id, t.recipient_id, t.fields) = (x.holder_id, x.recipient_id, x.fields)
        )
    FROM unnest(p_ids, p_counters, p_previous, p_leaves) WITH ORDINALITY AS u (id, counter, previous, leaf, place)
    WHERE x.id = u.id AND x.leaf_index IS NULL AND NOT x.is_unsealable;
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

-- As in sealing.sql, and each exposure is counted: it is not in the tree, and was told all the same.
CREATE OR REPLACE FUNCTION exposure_lay_aside(p_ids text[])
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_ids text[];
BEGIN
    WITH laid AS (
        UPDATE privacy_exposure SET is_unsealable = true
        WHERE id = ANY (p_ids) AND leaf_index IS NULL AND NOT is_unsealable RETURNING id
    )
    SELECT array_agg(id) INTO v_ids FROM laid;
    PERFORM exposure_tally(v_ids);
    UPDATE privacy_exposure AS x SET tally_id = t.id FROM privacy_tally AS t
    WHERE x.id = ANY (v_ids) AND (t.holder_id, t.recipient_id, t.fields) = (x.holder_id, x.recipient_id, x.fields);
END
$$;
