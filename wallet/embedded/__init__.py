"""The embedded default: `python -m wallet.embedded` (`make run`) starts the whole system on one machine.

What lives here: programs (where the PostgreSQL binaries are), postgres and valkey (the two servers, also for tests),
children (processes that die with us), state (the folder `var/`: lock, secrets, `env`, `sandbox.json`), catalogues
(translations), seeding (the demo's client and friend), supervisor (start, watch, stop everything in order).

Roof: names apps as strings and runs them as processes; imports none of our rooms. Invariants: secrets are made on first
start, 0600, inside the state folder and nowhere else; nothing that was started outlives the supervisor, also after
kill -9; a second start keeps the data; whatever was killed recovers; real servers take an embedded one's place when
DATABASE_URL or REDIS_URL is set.
"""
