"""standard.md L07 at length: any messages of a payment in any order, for as long as the time allows."""

import random
import secrets
import time

import pytest

from tests.cards.authorizations.test_order import AUTHORIZED, MESSAGES, compare

pytestmark = pytest.mark.django_db(transaction=True)

AMOUNTS = (100, 300, 700, 1000, 1300)


def test_any_messages_in_any_order(deadline: float) -> None:
    played = 0
    while time.monotonic() < deadline:
        seed = secrets.randbits(32)
        chance = random.Random(seed)  # noqa: S311 - chances, no secret
        messages = [(chance.choice(sorted(MESSAGES)), chance.choice(AMOUNTS)) for _ in range(chance.randint(2, 7))]
        order = chance.sample(range(len(messages)), len(messages))
        try:
            compare(messages, order, load=chance.choice((AUTHORIZED, 1500, 20_000)), close=chance.random() < 0.3)
        except BaseException:
            print(f"\nseed {seed}: {messages} in the order {order}")
            raise
        played += 1
    print(f"\n{played} orders")
