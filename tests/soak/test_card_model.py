"""standard.md L06 in full: 2,000 examples of 50 steps, or as many as the time allows."""

import secrets
import time

import pytest
from hypothesis import seed
from hypothesis.stateful import run_state_machine_as_test

from tests.cards.machine import CardLife, as_found

pytestmark = pytest.mark.django_db(transaction=True)

EXAMPLES, STEPS, BATCH = 2_000, 50, 20


def test_two_thousand_lives_of_a_card(deadline: float) -> None:
    played = 0
    while played < EXAMPLES and time.monotonic() < deadline:
        chosen = secrets.randbits(32)
        try:
            run_state_machine_as_test(seed(chosen)(CardLife), settings=as_found(examples=BATCH, steps=STEPS))
        except BaseException:
            print(f"\nseed({chosen})")
            raise
        played += BATCH
    print(f"\n{played} lives of at most {STEPS} steps")
