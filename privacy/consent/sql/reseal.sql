-- Rotation of data keys: put the same plaintext under a new key. Only a value of the same format and length takes the
-- place of exactly the one given; a row that somebody else has locked is left for later. Gives the ids of those done.
CREATE FUNCTION consent_reseal(p_column text, p_ids text[], p_old bytea[], p_new bytea[])
RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF p_column NOT IN ('document_sealed', 'receipt_sealed') THEN
        RAISE EXCEPTION 'not a sealed column' USING ERRCODE = 'check_violation';
    END IF;
    RETURN QUERY EXECUTE format($q$
        WITH n AS (SELECT * FROM unnest($1, $2, $3) AS n (id, old, new)),
        free AS MATERIALIZED (SELECT id FROM privacy_consent WHERE id = ANY($1) FOR NO KEY UPDATE SKIP LOCKED)
        UPDATE privacy_consent AS x SET %1$I = n.new FROM n JOIN free USING (id)
        WHERE x.id = n.id AND x.%1$I = n.old AND length(n.new) = length(n.old)
            AND substring(n.new FROM 1 FOR 2) = substring(n.old FROM 1 FOR 2)
        RETURNING x.id
    $q$, p_column) USING p_ids, p_old, p_new;
END
$$;
