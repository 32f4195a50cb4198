"""A worker that settles into one programme account, while the first rolls up in small pages and the second verifies."""

import random
import time

from tests.wallet.ledger.moving import NETWORK, transfer
from wallet.core.transactions import owns_transaction
from wallet.ledger import accounts, rollup
from wallet.ledger.refusals import LedgerRefusal
from wallet.ledger.transfers import Op, post
from wallet.ledger.verify import verify

commit = owns_transaction(post)


def work(*, number: int, holders: list[str], seconds: float) -> dict[str, int]:
    answer = {"moved": 0, "rolled": 0, "verified": 0, "differences": 0}
    chance, until = random.Random(number), time.monotonic() + seconds  # noqa: S311 - chances, no secret
    rollup.PAGE = 7
    while time.monotonic() < until:
        if number == 0:
            answer["rolled"] += rollup.roll_up(pages=3)
        elif number == 1:
            answer["differences"] += len(verify().differences)
            answer["verified"] += 1
        else:
            answer["moved"] += move(chance, accounts.main(chance.choice(holders), "EUR"))
    return answer


def move(chance: random.Random, payer: accounts.AccountRef) -> int:
    """A hold and its end, or a post; what reached the network."""
    minor = chance.randint(1, 30)
    try:
        if chance.random() < 0.5:
            commit([transfer(payer, NETWORK, minor)])
            return minor
        (hold,) = commit([transfer(payer, NETWORK, minor, op=Op.HOLD)])
        commit([transfer(payer, NETWORK, minor, op=Op.SETTLE, hold=hold.id)])
    except LedgerRefusal:
        return 0
    return minor
