"""standard.md L06 and L07: the system against the reference model. The long runs are in tests/soak."""

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.cards.machine import CardLife, as_found
from tests.cards.pairs import Pair

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("time_enough")]


def test_the_system_is_what_the_model_says_after_each_step() -> None:
    """standard.md L06. Break: clear what nothing is held for as if it were within tolerance."""
    run_state_machine_as_test(CardLife, settings=as_found(examples=12, steps=30))


def test_an_increment_after_a_partial_reversal_counts_what_is_left_of_the_payment() -> None:
    """Break: take all that was ever approved for what the limit of one payment has used."""
    pair = Pair(load=2000, per_transaction=1000)
    payment = pair.authorize(1000)
    assert payment is not None
    pair.reverse(payment, 600)
    pair.increment(payment, 601)
    assert payment.held == 400
    pair.increment(payment, 600)
    assert payment.held == 1000
    pair.check()
