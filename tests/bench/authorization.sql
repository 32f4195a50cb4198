-- The floor of an authorization: lock, check, hold, balance, outbox in one function of a schema that has nothing else;
-- and as many cards of the product, copies of one that was issued, each with its own holder, number and money.
CREATE SCHEMA floor_card;
CREATE TABLE floor_card.card (
    id bigint PRIMARY KEY, balance bigint NOT NULL, held bigint NOT NULL DEFAULT 0, CHECK (balance - held >= 0)
) WITH (fillfactor = 70);
CREATE TABLE floor_card.hold (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, card bigint NOT NULL, amount bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE floor_card.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, hold bigint NOT NULL, at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO floor_card.card SELECT i, 1000000000000 FROM generate_series(1, {cards}) i;

CREATE FUNCTION floor_card.authorize(p_card bigint, p_amount bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_free bigint;
    v_hold bigint;
BEGIN
    SELECT balance - held INTO v_free FROM floor_card.card WHERE id = p_card FOR NO KEY UPDATE;
    IF v_free IS NULL OR v_free < p_amount THEN
        RETURN NULL;
    END IF;
    INSERT INTO floor_card.hold (card, amount) VALUES (p_card, p_amount) RETURNING id INTO v_hold;
    UPDATE floor_card.card SET held = held + p_amount WHERE id = p_card;
    INSERT INTO floor_card.outbox (hold) VALUES (v_hold);
    RETURN v_hold;
END $$;
GRANT USAGE ON SCHEMA floor_card TO paravent_app;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA floor_card TO paravent_app;
GRANT EXECUTE ON FUNCTION floor_card.authorize(bigint, bigint) TO paravent_app;

INSERT INTO cards_card SELECT (jsonb_populate_record(c,
        jsonb_build_object('id', 'card_bench_' || i, 'holder_id', 'holder_bench_' || i))).*
    FROM cards_card c, generate_series(1, {cards}) i WHERE c.id = '{card}';
INSERT INTO cards_cardnumber SELECT (jsonb_populate_record(n, jsonb_build_object('id', 'card_bench_' || i,
        'card_id', 'card_bench_' || i, 'holder_id', 'holder_bench_' || i, 'pan_index', sha256(i::text::bytea)))).*
    FROM cards_cardnumber n, generate_series(1, {cards}) i WHERE n.id = '{card}';
SELECT count(ledger_apply('post', 'bench:card:' || i, ledger_open_account('sandbox_clearing', '', '', 'EUR'),
    ledger_open_account('card', 'card_bench_' || i, 'holder_bench_' || i, 'EUR'), 1000000000000, 'top_up', 'top_bench'))
FROM generate_series(1, {cards}) i;
