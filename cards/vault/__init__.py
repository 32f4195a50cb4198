"""Where card numbers live, and the only doors to them.

`numbers` draws, keeps, shows and shreds them (create, tokenize, reveal, shred); `tokens` shows an owner the numbers
that were made for one place each, and `places` keeps which; `pan` is a number that cannot be printed; `cvc` derives the
three digits that are never stored; `domains` names the merchants among which a platform's number works.

May import wallet.core and privacy.crypto; only issuing, the network and platforms may import it.

Invariants: a number is encrypted under its holder's `life` key and found by a keyed blind index, never by itself; two
numbers are never the same, also after one was shredded; nothing but a reveal gives more than the last four digits; the
limits of a token are checked in the database, in the transaction of the hold.
"""
