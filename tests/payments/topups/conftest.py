"""One double of Stripe for the run, and the people of its stories."""

from tests.payments.topups.stripe_cast import alice, bob, double_process, stripe

__all__ = ["alice", "bob", "double_process", "stripe"]
