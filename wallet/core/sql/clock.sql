-- One row: how far the sandbox's clock stands from the real one. Only the owner role writes it (settled.md 25).
CREATE TABLE core_clock (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    shift interval NOT NULL DEFAULT '0'
);
INSERT INTO core_clock DEFAULT VALUES;

CREATE FUNCTION core_now() RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$ SELECT clock_timestamp() + shift FROM public.core_clock $$;
COMMENT ON FUNCTION core_now() IS 'The time that all rules use.';
