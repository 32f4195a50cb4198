"""Stripe behind the port: hosted Checkout, refunds, disputes and signed events, by the official SDK at one API version.

Stripe is told our references and amounts and nothing of the person (settled.md 24); of its objects only ids, amounts
and states are kept. Every call is made by a worker, outside transactions, under an idempotency key of ours.
"""
