"""Money brought in: a holder pays on a gateway's hosted page, outside the chat, and the wallet credits it once.

Here live top-ups (each is a lot with its source), the port `TopUpGateway`, the sandbox gateway behind it with its
hosted page, and the inbox of signed events. May import platforms, cards, wallet rooms, privacy, the floor.

Invariants: no web request calls out (settled.md 4): the intent is recorded, a worker calls with our id as the gateway's
idempotency key, the outcome is recorded. The effect is keyed by the top-up, not by the event: five events about one
payment credit once. Amount and currency come from the gateway's object, never from an event. No bank card is ever seen
here: the sandbox page takes listed test numbers only and keeps none.
"""
