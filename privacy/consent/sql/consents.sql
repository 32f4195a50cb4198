-- The only ways to write consents.

-- The version that the next consent of this holder to this recipient has; holds off others until the commit.
CREATE FUNCTION consent_next_version(p_holder text, p_recipient text)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(p_holder || '>' || p_recipient, 7053413));
    RETURN (SELECT coalesce(max(version), 0) + 1 FROM privacy_consent
            WHERE holder_id = p_holder AND recipient_id = p_recipient);
END
$$;

-- Give a consent; a live one before it ends here. p: {id, holder, recipient, version, classes, document, receipt (base64),
-- given_at, ends_at}
CREATE FUNCTION consent_give(p jsonb)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM consent_withdraw(p->>'holder', p->>'recipient');
    INSERT INTO privacy_consent
        (id, holder_id, recipient_id, version, classes, document_sealed, receipt_sealed, given_at, ends_at)
    VALUES (p->>'id', p->>'holder', p->>'recipient', (p->>'version')::integer,
            ARRAY(SELECT jsonb_array_elements_text(p->'classes')),
            decode(p->>'document', 'base64'), decode(p->>'receipt', 'base64'),
            (p->>'given_at')::timestamptz, (p->>'ends_at')::timestamptz);
END
$$;

-- Withdraw the live consent, if there is one; waits for disclosures under way. Says whether there was one.
CREATE FUNCTION consent_withdraw(p_holder text, p_recipient text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE privacy_consent SET withdrawn_at = core_now()
    WHERE holder_id = p_holder AND recipient_id = p_recipient AND withdrawn_at IS NULL;
    RETURN FOUND;
END
$$;

-- Whether a live consent covers these classes. The share lock stays until the caller's transaction ends: a withdrawal
-- comes wholly before it or wholly after it.
CREATE FUNCTION consent_covers(p_holder text, p_recipient text, p_classes text[])
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM privacy_consent
    WHERE holder_id = p_holder AND recipient_id = p_recipient AND withdrawn_at IS NULL
      AND (ends_at IS NULL OR ends_at > core_now()) AND p_classes <@ classes
    FOR SHARE;
    RETURN FOUND;
END
$$;
