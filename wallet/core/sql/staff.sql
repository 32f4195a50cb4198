-- What the staff did stays as it was written: for everybody, the owner role included, also where
-- session_replication_role says replica.
CREATE FUNCTION core_refuse_rewriting() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$ BEGIN RAISE EXCEPTION 'what the staff did is never rewritten' USING ERRCODE = 'PV009'; END $$;

CREATE TRIGGER wallet_staffact_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON wallet_staffact
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_rewriting();
ALTER TABLE wallet_staffact ENABLE ALWAYS TRIGGER wallet_staffact_stays;
