"""Two people for what one must not do alone: one of the staff proposes, another approves with a passkey (ASVS 2.3.5).

Lives here: proposals of manual credits and debits, their approval and posting. A further act (a raised limit, an
erasure) is one more kind: a branch in `approvals_approve` and its words in `words`.

May import: everything of the wallet below. Nothing imports this room.

Holds always, in the database as well as here:
- who approves is of the staff, is not who proposed, and has just signed this act, amount, currency and holder;
- a proposal posts once, through the ledger, against the programme's `losses`, in the transaction of its approval;
- 72 hours after it was made nobody can approve it any more.
"""
