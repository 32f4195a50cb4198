"""Rotation of keys while everybody works: `manage.py rotate_keys`. Decision record 10.

`wrapping` puts the same keys under another KEK or branch; `resealing` puts values under new data keys; `indexing`
computes blind indexes under a new root; `versions` adds a version of the other roots; `due` tells what is due.
`session` holds the lock, changes the state and waits for everybody to see it; `pages` goes over rows.

Invariants: one rotation at a time; killed anywhere, the next run goes on from there; nobody waits for it longer than a
page takes; a key is thrown away only after nothing was found under it twice, with every transaction from before ended
in between. Imports nothing of ours but its own ground.
"""
