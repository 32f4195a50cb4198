"""What happened, in a holder's own words: lines of activity and the in-app inbox.

Upper rooms push down: whoever moves money records a `lines.record` in the same transaction, and `notices.notify` tells
the holder what waits for them (without e-mail there is no other channel). `words` turns codes into sentences with the
next step. Look here: `lines`, `notices`, `words`, `transactions` (GET /v1/transactions), `pages`.
Imports wallet.ledger, wallet.users, wallet.core and privacy.crypto.

Invariants: who or where (merchant, counterparty, facts) is sealed under the holder's key; a line belongs to one holder
and shows nobody else's balance; a line says what happened and the ledger alone says what is there.
"""
