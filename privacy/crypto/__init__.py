"""Keys, authenticated encryption bound to its cell, blind indexes, and fields that use them.

Hierarchy (settled.md 7): a key provider's KEK wraps branch keys (one a day) and root keys (one set per purpose);
branch keys wrap two data keys per holder, `life` and `law`; data keys seal fields. Look here:
`keyring` (seal, open, destroy, derive), `index` (blind_index), `fields` (model fields), `secret` (unprintable values),
`marks` (is it the same as before), `sealed` and `rotation` (which values get new keys, and how), `journal` and
`erasures` (what was destroyed, kept outside the database and replayed on whatever comes from a backup).

Imports nothing of ours. Invariants: a ciphertext opens only in its own cell; what does not authenticate is never
returned; no request waits for the key provider once a process has started; an hour without it, nothing opens;
a destroyed key stays destroyed, on a restored database too; keys are committed on a connection of their own, before
the first use.
"""
