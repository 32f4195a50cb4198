"""One double of Stripe Issuing for the run."""

from tests.cards.network.issuing_cast import alice, issuing, issuing_process

__all__ = ["alice", "issuing", "issuing_process"]
