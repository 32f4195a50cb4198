"""Webhooks: what happened, told to a platform's server in thin, signed messages (Standard Webhooks 1.0).

Here live the catalogue of event types, a platform's endpoints and their secrets, events, and deliveries with their
retries. Rooms below and beside speak through the outbox topic `platform.event`; this room imports platforms and below,
never requests or top-ups.

Invariants: every attempt is a disclosure through the gate before its bytes leave; the body names an object and nothing
else; nothing about a link is sent once it has ended, but the one `link.revoked`; a call never reaches inside: one
address is looked up, judged and connected to, redirects are not followed.
"""
