"""A worker that uses up a window as often as it is let."""

from wallet.core import clock
from wallet.core.money import Money
from wallet.core.transactions import owns_transaction
from wallet.limits.windows import Limit, LimitReached, consume


def work(*, number: int, holder: str, times: int, amount: int):
    used = 0
    spend = owns_transaction(consume)
    for _ in range(times):
        try:
            spend(holder_id=holder, limit=Limit.SPENDING, amount=Money(amount, "EUR"), now=clock.now())
            used += amount
        except LimitReached:
            pass
    return {"used": used}
