"""A worker that moves money at random for some seconds and says what was acknowledged to it."""

import random
import secrets
import time
from collections.abc import Callable
from typing import Any

from tests.wallet.ledger.moving import CLEARING, NETWORK, transfer
from wallet.core import clock
from wallet.core.money import Money
from wallet.core.transactions import owns_transaction
from wallet.ledger import accounts, balances
from wallet.ledger.refusals import LedgerRefusal
from wallet.ledger.transfers import Op, post
from wallet.limits.receiving import receive


class Mover:
    """One process's chances."""

    def __init__(self, *, seed: str, holders: list[str], is_internal: bool) -> None:
        self.random = random.Random(seed)  # noqa: S311 - chances, no secret
        self.own = [accounts.main(h, "EUR") for h in holders] + [accounts.card(f"card_{h}", h, "EUR") for h in holders]
        self.owed = [accounts.shortfall(h, "EUR") for h in holders]
        self.holders = holders
        self.inflow = 0
        self.holds = []
        moves = [self.batch, self.batch, self.hold, self.end, self.end]
        self.moves = moves if is_internal else [*moves, self.bring, self.spend, self.owe, self.pay_friend]

    def amount(self):
        return self.random.randint(1, 400)

    def batch(self):
        """Several transfers linked, over accounts in any order."""
        legs = [self.random.sample(self.own, 2) for _ in range(self.random.randint(1, 4))]
        commit(lambda: post([transfer(debit, credit, self.amount()) for debit, credit in legs]))

    def hold(self):
        debit, credit = self.random.sample(self.own, 2)
        (held,) = commit(lambda: post([transfer(debit, credit, self.amount(), op=Op.HOLD)]))
        self.holds.append((debit, credit, held.id))

    def end(self):
        """Settle, release or add to a hold of our own."""
        if self.holds:
            debit, credit, hold = self.random.choice(self.holds)
            op = self.random.choice([Op.SETTLE, Op.RELEASE, Op.HOLD])
            commit(lambda: post([transfer(debit, credit, self.amount(), op=op, hold=hold)]))

    def bring(self):
        amount, to = self.amount(), self.random.choice(self.own)
        commit(lambda: post([transfer(CLEARING, to, amount)]))
        self.inflow += amount

    def spend(self):
        amount, debit = self.amount(), self.random.choice(self.own)
        commit(lambda: post([transfer(debit, NETWORK, amount)]))
        self.inflow -= amount

    def owe(self):
        """A debt, and at once a repayment from another account."""
        owed, amount = self.random.choice(self.owed), self.amount()
        commit(lambda: post([transfer(owed, NETWORK, amount)]))
        self.inflow -= amount

    def pay_friend(self):
        """From one holder's card to another through the limits: repays what is owed first."""
        payer, payee = self.random.sample(self.holders, 2)
        source, key = accounts.card(f"card_{payer}", payer, "EUR"), secrets.token_hex(8)
        amount = Money(self.amount(), "EUR")
        commit(
            lambda: receive(
                holder_id=payee, amount=amount, source=source, key=key, code="pay", ref="preq_race", now=clock.now()
            )
        )


@owns_transaction
def commit(function: Callable[[], Any]):
    return function()


def work(*, number: int, seed: str, seconds: float, holders: list[str]):
    mover = Mover(seed=f"{seed}/{number}", holders=holders, is_internal=number == 0)
    done = refused = negative = 0
    until = time.monotonic() + seconds
    # However busy the machine is, everybody has a turn.
    while time.monotonic() < until or not done:
        try:
            mover.random.choice(mover.moves)()
            done += 1
        except LedgerRefusal:
            refused += 1
        if done % 20 == 0:
            negative += sum(balance.available.minor < 0 for one in mover.holders for balance in balances.of_holder(one))
    return {"done": done, "refused": refused, "negative": negative, "inflow": mover.inflow}
