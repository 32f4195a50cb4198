"""A worker that lets friends pay each other by charge and sort, as a chat payment does: two calls, one transaction."""

import random
import secrets
import time

from tests.wallet.ledger.moving import NETWORK, transfer
from wallet.core import clock
from wallet.core.money import Money
from wallet.core.transactions import owns_transaction
from wallet.ledger import accounts
from wallet.ledger.refusals import LedgerRefusal
from wallet.ledger.transfers import post
from wallet.limits.receiving import receive, sort


@owns_transaction
def pay(payer: str, payee: str, minor: int):
    """Card to main, then what is owed is repaid from it."""
    key, card = secrets.token_hex(8), accounts.card(f"card_{payer}", payer, "EUR")
    post([transfer(card, accounts.main(payee, "EUR"), minor, key=key)])
    sort(holder_id=payee, amount=Money(minor, "EUR"), source=card, key=key, ref="preq_race", now=clock.now())


@owns_transaction
def load(holder: str, minor: int):
    post([transfer(accounts.main(holder, "EUR"), accounts.card(f"card_{holder}", holder, "EUR"), minor)])


@owns_transaction
def owe_and_repay(holder: str, minor: int):
    """A debt to the network, and the same amount back from it: nothing comes in or goes out."""
    post([transfer(accounts.shortfall(holder, "EUR"), NETWORK, minor)])
    receive(
        holder_id=holder, amount=Money(minor, "EUR"), source=NETWORK, key=secrets.token_hex(8), code="test",
        ref="preq_race", now=clock.now(),
    )  # fmt: skip


def work(*, number: int, holders: list[str], seconds: float):
    chance, done = random.Random(number), 0  # noqa: S311 - chances, no secret
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        payer, payee = chance.sample(holders, 2)
        minor = chance.randint(1, 300)
        step = chance.randrange(3)
        try:
            if step == 0:
                pay(payer, payee, minor)
            elif step == 1:
                load(payer, minor)
            else:
                owe_and_repay(payer, minor)
            done += 1
        except LedgerRefusal:
            pass
    return {"done": done}
