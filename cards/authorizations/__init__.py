"""Payments with a card: asked, decided, held, cleared, given back.

`decide` is pure: a snapshot in, yes or no out. `authorize` reads the snapshot and places the decision: two statements
(`sql/snapshot.sql`, `sql/place.sql`). `lifecycle` takes what the network says later: `rules` is the table of what each
message does in each state, `effects` does it to the `books`. What no rule decides waits in `exceptions` for a person.
`charge` is the same decision for a payment in chat; `refused_there` keeps what a network refused without asking. The
leak radar is here: a number made for one party and tried by another is told to its holder. `rehearsal` is the shadow
mode: the same decision over what was paid, under rules that are not kept yet.

May import cards.issuing and everything below; never the vault.

Invariants: in doubt the answer is no and no hold stays; a message has one effect however often it comes; every message
in every state has a result; an unknown number costs the same work and gets the same bytes as a wrong code. Order of
locks: card, authorization, ledger accounts.
"""
