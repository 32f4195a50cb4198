"""Stripe's SDK, set up once for all who speak to Stripe: the client, its errors in our words, signatures of its events.

May import `wallet.core`. Only the Stripe adapters of top-ups and of the card network may import it, and nobody else
imports the SDK. Invariants: the version of the API is pinned; no call waits longer than its time, is made inside a
transaction, or repeats what Stripe said in a log; an event is verified over its raw bytes before anything is parsed.
"""
