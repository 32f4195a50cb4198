"""The floor: what every room stands on.

Here live money, ids, errors and problems, the database clock, transactions, states, actors, the outbox, idempotency,
the strict JSON API base and the logs. May import `privacy.crypto` (the ground) and nothing else of ours.

Invariants: money is an integer of minor units; time that matters comes from the database; a task carries an outbox id;
a refusal is raised as a `WalletError` and rendered in one place as RFC 9457; the row that remembers an Idempotency-Key
commits with its effect.
"""
