-- Use up a passkey's yes that was given for exactly this, by this person, in the last five minutes (standard.md P15).
CREATE FUNCTION users_spend_proof(p_ceremony bigint, p_holder text, p_binding bytea) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE wallet_ceremony c SET used_at = core_now()
        WHERE c.id = p_ceremony AND c.holder_id = p_holder AND c.purpose = 'step-up' AND c.binding = p_binding
            AND c.used_at IS NULL AND c.verified_at > core_now() - interval '5 minutes';
    RETURN FOUND;
END $$;

CREATE FUNCTION users_is_staff(p_holder text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$ SELECT EXISTS (SELECT 1 FROM wallet_holder h WHERE h.id = p_holder AND h.is_staff AND h.is_active) $$;
