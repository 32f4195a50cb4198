"""How much may be held and moved: the law as a table in code, tiers of holders, and windows that are used up.

Look here: `regimes` (the table, with each law's version), `tiers` (who may what), `windows` (consume, give back,
usage), `receiving` (credit a holder: what they owe first, what exceeds the limit waits), `parking` (what waits),
`wallet_view` (GET /v1/wallet), `pages` (the home page). Imports wallet.activity, wallet.ledger and wallet.core.

Invariants: a limit is consumed in the transaction of its effect, under its row's lock; windows are calendar days and
months in UTC by the database's clock; money that comes is never refused, a top-up is refused before it is paid.
"""
