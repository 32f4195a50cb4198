-- A transfer of a transaction that has yet to come: a dump was loaded into another cluster, whose counter is behind. The
-- order of the roll-up would be wrong from then on (docs/operators.md, Restoring).
CREATE FUNCTION ledger_order_differences()
    RETURNS TABLE (promise text, subject text, expected bigint, found bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT 'no transfer is of a transaction to come', 'transfer ' || id, next, xid::text::bigint
    FROM (SELECT id, xid FROM wallet_transfer ORDER BY xid DESC, id DESC LIMIT 1) AS newest,
        (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next) AS now
    -- One's own may be the newest of all, and not yet counted.
    WHERE xid::text::bigint > next AND xid IS DISTINCT FROM pg_current_xact_id_if_assigned()
$$;
