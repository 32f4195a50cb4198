"""The ledger: accounts and transfers, and the rules that the database itself keeps.

A transfer moves one positive amount from one debit account to one credit account of one currency: `post` at once,
`hold` then `settle` or `release` in parts. Look here: `accounts` (names), `transfers` (post), `balances`, `holds`,
`verify`, `attestation` (commits the exposure log to all transfers); the rules are in `sql/`. Imports wallet.core and
privacy.exposure.

Invariants: transfers are never changed or deleted, by anybody; the application role writes here through the functions
alone; accounts are locked in id order; programme accounts (clearing, settlement, fees, losses) are never locked nor
updated, their balance is derived; one key has one effect. A correction is one more transfer.
"""
