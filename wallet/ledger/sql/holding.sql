-- Open a hold on a holder's account towards a programme's: the hot path of an authorization. The key is new (another
-- transfer under it is a unique violation). Gives the hold's id. An inner step: whoever calls it is a function itself,
-- and knows the time.
CREATE FUNCTION ledger_open_hold(
    p_key text, p_kind text, p_owner text, p_currency text, p_to text, p_amount bigint, p_code text, p_ref text,
    p_expires_at timestamptz, p_now timestamptz
) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    v_id bigint := nextval('wallet_transfer_id_seq');
    v_debit bigint;
    v_credit bigint;
BEGIN
    SELECT id INTO v_credit FROM wallet_account WHERE kind = p_to AND owner = '' AND currency = p_currency;
    IF v_credit IS NULL THEN
        v_credit := ledger_open_account(p_to, '', '', p_currency);
    END IF;
    UPDATE wallet_account SET debits_pending = debits_pending + p_amount
        WHERE kind = p_kind AND owner = p_owner AND currency = p_currency AND kind IN ('main', 'card')
            AND closed_at IS NULL AND credits_posted - debits_posted - debits_pending >= p_amount
        RETURNING id INTO v_debit;
    IF v_debit IS NULL THEN
        PERFORM ledger_refuse_account(ledger_find_account(p_kind, p_owner, p_currency));
    END IF;
    INSERT INTO wallet_transfer
        (id, key, op, debit_account, credit_account, amount, currency, hold_id, code, ref, at, expires_at)
        OVERRIDING SYSTEM VALUE
        VALUES (v_id, p_key, 'hold', v_debit, v_credit, p_amount, p_currency, v_id, p_code, p_ref, p_now, p_expires_at);
    INSERT INTO wallet_hold (id, debit_account, credit_account, remaining, code, expires_at)
        VALUES (v_id, v_debit, v_credit, p_amount, p_code, p_expires_at);
    RETURN v_id;
END $$;
