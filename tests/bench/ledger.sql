-- The floor of a transfer: two balances and a row, in one function of a schema that has nothing else.
CREATE SCHEMA floor;
CREATE TABLE floor.account (id bigint PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0)) WITH (fillfactor = 70);
CREATE TABLE floor.transfer (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    debit bigint NOT NULL, credit bigint NOT NULL, amount bigint NOT NULL, at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO floor.account SELECT i, 1000000000000 FROM generate_series(1, {holders}) i;

CREATE FUNCTION floor.move(p_debit bigint, p_credit bigint, p_amount bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_id bigint;
BEGIN
    PERFORM 1 FROM floor.account WHERE id IN (p_debit, p_credit) ORDER BY id FOR NO KEY UPDATE;
    UPDATE floor.account SET balance = balance - p_amount WHERE id = p_debit AND balance >= p_amount;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'not enough';
    END IF;
    UPDATE floor.account SET balance = balance + p_amount WHERE id = p_credit;
    INSERT INTO floor.transfer (debit, credit, amount) VALUES (p_debit, p_credit, p_amount) RETURNING id INTO v_id;
    RETURN v_id;
END $$;
GRANT USAGE ON SCHEMA floor TO paravent_app;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA floor TO paravent_app;
GRANT EXECUTE ON FUNCTION floor.move(bigint, bigint, bigint) TO paravent_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA floor TO paravent_app;

-- The product's side: as many holders with as much money, through the door.
SELECT count(ledger_apply('post', 'bench:fund:' || i, ledger_open_account('sandbox_clearing', '', '', 'EUR'),
    ledger_open_account('main', 'holder_' || i, 'holder_' || i, 'EUR'), 1000000000000, 'top_up', 'top_bench'))
FROM generate_series(1, {holders}) i;
SELECT ledger_open_account('network_settlement', '', '', 'EUR');
