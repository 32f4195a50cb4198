-- Two people (ASVS 2.3.5). What is refused has a code of its own: PV201 one's own proposal, PV202 not open any more,
-- PV203 no passkey's yes to exactly this, PV204 not of the staff.

CREATE FUNCTION approvals_propose(
    p_id text, p_kind text, p_holder text, p_amount bigint, p_currency text, p_reason_code text, p_reason text,
    p_proposer text
) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_now timestamptz := core_now();
BEGIN
    IF NOT users_is_staff(p_proposer) OR users_is_staff(p_holder) THEN
        RAISE EXCEPTION 'the staff proposes, for a holder' USING ERRCODE = 'PV204';
    END IF;
    INSERT INTO wallet_proposal (id, kind, status, holder_id, amount_minor, currency, reason_code, reason, proposed_by,
            proposed_at, expires_at, decided_by)
        VALUES (p_id, p_kind, 'open', p_holder, p_amount, p_currency, p_reason_code, p_reason, p_proposer,
            v_now, v_now + interval '72 hours', '');
END $$;

-- Lock an open proposal that is not over.
CREATE FUNCTION approvals_lock(p_id text) RETURNS wallet_proposal
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_row wallet_proposal;
BEGIN
    SELECT * INTO v_row FROM wallet_proposal p WHERE p.id = p_id FOR UPDATE;
    IF NOT FOUND OR v_row.status <> 'open' OR v_row.expires_at <= core_now() THEN
        RAISE EXCEPTION 'the proposal is not open' USING ERRCODE = 'PV202';
    END IF;
    RETURN v_row;
END $$;

-- SHA-256 of what the second person signs: the canonical JSON of wallet.users.stepup.
CREATE FUNCTION approvals_binding(p wallet_proposal) RETURNS bytea
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT sha256(convert_to(format('{"act":"%s","amount":%s,"currency":"%s","holder":"%s","proposal":"%s"}',
        p.kind, p.amount_minor, p.currency, p.holder_id, p.id), 'UTF8'))
$$;

-- Approve and post, in one: there is no approval without its transfer and no transfer without an approval. A credit is
-- received like any other money (repays what is owed, waits above a limit); a debit takes what is there, or nothing.
CREATE FUNCTION approvals_approve(
    p_id text, p_approver text, p_ceremony bigint, p_stored bigint, p_parked_until timestamptz,
    OUT repaid bigint, OUT parked bigint
)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_row wallet_proposal := approvals_lock(p_id);
    v_key text := 'proposal:' || p_id;
BEGIN
    IF NOT users_is_staff(p_approver) THEN
        RAISE EXCEPTION 'not of the staff' USING ERRCODE = 'PV204';
    END IF;
    IF v_row.proposed_by = p_approver THEN
        RAISE EXCEPTION 'one''s own proposal' USING ERRCODE = 'PV201';
    END IF;
    IF NOT users_spend_proof(p_ceremony, p_approver, approvals_binding(v_row)) THEN
        RAISE EXCEPTION 'no passkey has said yes to this' USING ERRCODE = 'PV203';
    END IF;
    repaid := 0;
    parked := 0;
    CASE v_row.kind
        WHEN 'manual_credit' THEN
            SELECT r.repaid, r.parked INTO repaid, parked FROM limits_receive('main', v_row.holder_id, v_row.holder_id,
                v_row.currency, v_row.amount_minor, p_stored, 'losses', '', '', v_key, v_row.kind, p_id,
                p_parked_until) r;
        WHEN 'manual_debit' THEN
            PERFORM ledger_apply('post', v_key,
                ledger_open_account('main', v_row.holder_id, v_row.holder_id, v_row.currency),
                ledger_open_account('losses', '', '', v_row.currency), v_row.amount_minor, v_row.kind, p_id);
    END CASE;
    UPDATE wallet_proposal SET status = 'posted', decided_by = p_approver, decided_at = core_now(),
        ceremony = p_ceremony WHERE id = p_id;
END $$;

-- Say no, or take one's own back.
CREATE FUNCTION approvals_reject(p_id text, p_decider text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_row wallet_proposal := approvals_lock(p_id);
BEGIN
    IF NOT users_is_staff(p_decider) THEN
        RAISE EXCEPTION 'not of the staff' USING ERRCODE = 'PV204';
    END IF;
    UPDATE wallet_proposal SET status = 'rejected', decided_by = p_decider, decided_at = core_now() WHERE id = v_row.id;
END $$;

-- End what nobody has decided in time; their ids.
CREATE FUNCTION approvals_expire() RETURNS SETOF text
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE wallet_proposal SET status = 'expired', decided_at = core_now()
        WHERE status = 'open' AND expires_at <= core_now() RETURNING id
$$;
