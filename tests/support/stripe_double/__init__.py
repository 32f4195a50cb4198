"""Stripe's double: a process of its own that answers as Stripe's API does, for tests and for `make run`.

    python -m tests.support.stripe_double --port 9200 --webhook http://127.0.0.1:8000/webhooks/stripe
    make run TOP_UP_GATEWAY=stripe STRIPE_SECRET_KEY=sk_test_double STRIPE_API_BASE=http://127.0.0.1:9200 \
        STRIPE_WEBHOOK_SECRETS=whsec_double

Stateful: sessions of Checkout with a page that takes Stripe's documented test cards, payment intents, charges,
refunds, disputes, early fraud warnings, balance transactions, payouts, events. Every request is checked against the
parameter types that the official SDK ships for its API version (`stripe.params`): what Stripe would not take is
answered as Stripe would, and remembered as a violation that fails the test. What the double accepts and Stripe
refuses is a defect of the double.

`/_double/…` is the hand that moves it: pay, dispute, pay out, break, hold back or repeat webhooks (`control`).
"""
