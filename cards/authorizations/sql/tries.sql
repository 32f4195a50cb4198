-- Wrong tries, counted by the card that a number is of: the index of a number changes when its key rotates, and nobody
-- must get fresh tries by that. A number that is nobody's has no code to guess; it is counted by its index, alike.
CREATE FUNCTION cards_tried(p_index bytea) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce((SELECT n.card_id FROM vault_find(p_index) n), encode(p_index, 'hex'))
$$;

CREATE OR REPLACE FUNCTION cards_count_mismatch(p_index bytea) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO cards_mismatch (subject, day, count)
        VALUES (cards_tried(p_index), (core_now() AT TIME ZONE 'UTC')::date, 1)
        ON CONFLICT (subject, day) DO UPDATE SET count = cards_mismatch.count + 1
$$;

CREATE OR REPLACE FUNCTION cards_may_try(p_index bytea) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(cards_tried(p_index), 6));
    RETURN cards_mismatches(p_index) < 3;
END $$;

CREATE OR REPLACE FUNCTION cards_mismatches(p_index bytea) RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(max(count), 0)::integer FROM cards_mismatch
        WHERE subject = cards_tried(p_index) AND day = (core_now() AT TIME ZONE 'UTC')::date
$$;
