-- A long past, written as the owner may: {transfers} transfers between holders and into the network's account, and the
-- balances that follow from them. `verify_ledger` is green afterwards.
INSERT INTO wallet_transfer (key, op, debit_account, credit_account, amount, currency, code, ref, at)
SELECT 'past:' || md5(i::text), 'post', d.low + mod(i * 7919, {holders}),
    CASE WHEN mod(i, 2) = 0 THEN n.id ELSE d.low + mod(i * 7919 + 1 + mod(i, 97), {holders}) END,
    1, 'EUR', 'authorization', 'auth_' || md5((i / 3)::text), now() - (({transfers} - i) || ' seconds')::interval
FROM generate_series(1::bigint, {transfers}) i,
    (SELECT min(id) AS low FROM wallet_account WHERE kind = 'main') d,
    (SELECT id FROM wallet_account WHERE kind = 'network_settlement' AND currency = 'EUR') n;
UPDATE wallet_account a SET debits_posted = a.debits_posted + coalesce(d.sum, 0), credits_posted = a.credits_posted + coalesce(c.sum, 0)
FROM wallet_account w
    LEFT JOIN (SELECT debit_account AS id, sum(amount) FROM wallet_transfer WHERE code = 'authorization' GROUP BY 1) d ON d.id = w.id
    LEFT JOIN (SELECT credit_account AS id, sum(amount) FROM wallet_transfer WHERE code = 'authorization' GROUP BY 1) c ON c.id = w.id
WHERE a.id = w.id AND NOT a.is_derived;
