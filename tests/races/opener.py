"""A worker that posts between accounts that nobody has opened yet, each process in an order of its own."""

import random
import time

from tests.wallet.ledger.moving import transfer
from wallet.core.transactions import owns_transaction
from wallet.ledger import accounts
from wallet.ledger.accounts import AccountRef
from wallet.ledger.refusals import InsufficientFunds
from wallet.ledger.transfers import post

#: All processes come to a round at about the same moment.
ROUND_SECONDS = 0.02


@owns_transaction
def move(legs: list[tuple[AccountRef, AccountRef]]):
    post([transfer(debit, credit, 1) for debit, credit in legs])


def work(*, number: int, rounds: list[list[str]], funded: str):
    chance, begun = random.Random(number), time.monotonic()  # noqa: S311 - chances, no secret
    source = accounts.main(funded, "EUR")
    for turn, holders in enumerate(rounds):
        time.sleep(max(0.0, begun + turn * ROUND_SECONDS - time.monotonic()))
        fresh = [accounts.card(f"card_{one}", one, "EUR") for one in holders]
        chance.shuffle(fresh)
        try:
            move([(source, one) for one in fresh])
        except InsufficientFunds:
            return {"turns": turn}
    return {"turns": len(rounds)}
