-- The only ways to write the exposure log.

ALTER TABLE privacy_disclosure ADD CONSTRAINT disclosure_digest CHECK (octet_length(digest) = 32);
-- The sealer gives a row everything or nothing.
ALTER TABLE privacy_exposure ADD CONSTRAINT exposure_sealed_whole
    CHECK (num_nonnulls(counter_sealed, previous_sealed, leaf, leaf_index) IN (0, 4));

-- A recipient; the same (kind, ref) is always the same one, under the newest name. Gives its id.
CREATE FUNCTION exposure_register_recipient(p_id text, p_kind text, p_ref text, p_name text)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_id text;
BEGIN
    SELECT id INTO v_id FROM privacy_recipient WHERE kind = p_kind AND ref = p_ref AND name = p_name;
    IF FOUND THEN
        RETURN v_id;
    END IF;
    INSERT INTO privacy_recipient (id, kind, ref, name) VALUES (p_id, p_kind, p_ref, p_name)
    ON CONFLICT (kind, ref) DO UPDATE SET name = excluded.name
    RETURNING id INTO v_id;
    RETURN v_id;
END
$$;

-- Count a body with no person in it. Sixteen shards: two answers to one platform do not wait for each other.
CREATE FUNCTION exposure_count(p_recipient text, p_schema text, p_channel text)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '1s' AS $$
BEGIN
    INSERT INTO privacy_count (recipient_id, schema, channel, day, shard, count)
    SELECT r.id, p_schema, p_channel, (core_now() AT TIME ZONE 'UTC')::date, floor(random() * 16)::smallint, 1
    FROM privacy_recipient r WHERE r.id = p_recipient
    ON CONFLICT (recipient_id, schema, channel, day, shard) DO UPDATE SET count = privacy_count.count + 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown recipient' USING ERRCODE = 'foreign_key_violation';
    END IF;
END
$$;

-- One disclosure and one exposure a person, unsequenced: no counter, no chain, no lock that another holder waits for.
-- p: {recipient, schema, purpose, basis, channel, digest (hex), request, at,
--     exposures: [{id, holder, fields: [class], record (base64), body (base64)}]}
-- Gives the disclosure's id, or null where there was nobody to write it down for: then it was counted.
CREATE FUNCTION exposure_disclose(p jsonb)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
    v_id bigint;
    v_at timestamptz := (p->>'at')::timestamptz;
    v_one record;
BEGIN
    IF abs(extract(epoch FROM core_now() - v_at)) > 60 THEN
        RAISE EXCEPTION 'the record is not of now' USING ERRCODE = 'check_violation';
    END IF;
    IF p->>'basis' = 'consent' THEN
        -- In the order of holders, so that two bodies about the same people cannot wait for each other.
        FOR v_one IN
            SELECT e->>'holder' AS holder, ARRAY(SELECT jsonb_array_elements_text(e->'fields')) AS classes
            FROM jsonb_array_elements(p->'exposures') AS e ORDER BY e->>'holder'
        LOOP
            IF NOT consent_covers(v_one.holder, p->>'recipient', v_one.classes) THEN
                RAISE EXCEPTION 'no live consent covers this' USING ERRCODE = 'PV001';
            END IF;
        END LOOP;
    END IF;
    IF coalesce(p->'exposures', '[]') = '[]' THEN
        PERFORM exposure_count(p->>'recipient', p->>'schema', p->>'channel');
        RETURN NULL;
    END IF;
    WITH disclosed AS (
        INSERT INTO privacy_disclosure (recipient_id, schema, purpose, basis, channel, digest, request_id, at)
        SELECT r.id, p->>'schema', p->>'purpose', p->>'basis', p->>'channel', decode(p->>'digest', 'hex'),
            p->>'request', v_at
        FROM privacy_recipient r WHERE r.id = p->>'recipient'
        RETURNING id
    ), exposed AS (
        INSERT INTO privacy_exposure (id, disclosure_id, holder_id, recipient_id, fields, at, record_sealed, body_sealed)
        SELECT e->>'id', d.id, e->>'holder', p->>'recipient', ARRAY(SELECT jsonb_array_elements_text(e->'fields')), v_at,
            decode(e->>'record', 'base64'), decode(e->>'body', 'base64')
        FROM disclosed d, jsonb_array_elements(p->'exposures') AS e
    )
    SELECT id INTO v_id FROM disclosed;
    IF v_id IS NULL THEN
        RAISE EXCEPTION 'unknown recipient' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN v_id;
END
$$;
