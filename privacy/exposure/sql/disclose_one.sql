-- Inner step: `exposure_disclose` for one person, in a function of another room that knows the time. No consent is looked
-- up here, so a body that needs one is refused. Nobody in it (p_exposure null): it is counted.
CREATE FUNCTION exposure_disclose_one(
    p_recipient text, p_schema text, p_purpose text, p_basis text, p_channel text, p_digest bytea, p_request text,
    p_at timestamptz, p_exposure text, p_holder text, p_fields text[], p_record bytea, p_body bytea, p_now timestamptz
) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    v_id bigint;
BEGIN
    IF p_at NOT BETWEEN p_now - interval '60 s' AND p_now + interval '60 s' OR p_basis = 'consent' THEN
        RAISE EXCEPTION 'the record is not of now, or needs a consent' USING ERRCODE = 'check_violation';
    END IF;
    IF p_exposure IS NULL THEN
        PERFORM exposure_count(p_recipient, p_schema, p_channel);
        RETURN;
    END IF;
    INSERT INTO privacy_disclosure (recipient_id, schema, purpose, basis, channel, digest, request_id, at)
        SELECT r.id, p_schema, p_purpose, p_basis, p_channel, p_digest, p_request, p_at
        FROM privacy_recipient r WHERE r.id = p_recipient
        RETURNING id INTO v_id;
    IF v_id IS NULL THEN
        RAISE EXCEPTION 'unknown recipient' USING ERRCODE = 'foreign_key_violation';
    END IF;
    INSERT INTO privacy_exposure (id, disclosure_id, holder_id, recipient_id, fields, at, record_sealed, body_sealed)
        VALUES (p_exposure, v_id, p_holder, p_recipient, p_fields, p_at, p_record, p_body);
END $$;
