-- Counts of days that are over need no shards: nobody writes them any more. Puts those of each month into one row, under
-- its first day and shard -1. Gives how many rows went.
CREATE FUNCTION exposure_fold_counts()
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_gone bigint;
BEGIN
    WITH gone AS (
        DELETE FROM privacy_count WHERE shard >= 0 AND day < (core_now() AT TIME ZONE 'UTC')::date - 1
        RETURNING recipient_id, schema, channel, date_trunc('month', day)::date AS month, count
    ), folded AS (
        INSERT INTO privacy_count AS c (recipient_id, schema, channel, day, shard, count)
        SELECT recipient_id, schema, channel, month, -1, sum(count) FROM gone GROUP BY 1, 2, 3, 4
        ON CONFLICT (recipient_id, schema, channel, day, shard) DO UPDATE SET count = c.count + excluded.count
    )
    SELECT count(*) INTO v_gone FROM gone;
    RETURN v_gone;
END
$$;
