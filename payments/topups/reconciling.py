"""A reconciliation: fetch the gateway's books of a day or a payout, compare, keep what was found."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Sum

from payments.topups import bookings
from payments.topups.gateway import GatewayBooks, books, gateway
from payments.topups.models import Reconciliation
from payments.topups.reconcile import Difference, Entry, EntryKind, compare
from wallet.core import clock, figures
from wallet.core.errors import WalletError
from wallet.core.money import Money
from wallet.ledger import accounts, balances
from wallet.ledger.accounts import AccountKind
from wallet.ledger.models import Account

#: Both sides are read so far around the day: what is booked beyond midnight has its counterpart before it.
_MARGIN = timedelta(days=1)
_HOLDERS = (AccountKind.MAIN, AccountKind.CARD, AccountKind.PARKED)


class NoBooks(WalletError):
    """This gateway keeps no books of its own: there is nothing to compare with."""

    slug = "no-books"
    title = "The sandbox gateway keeps no books"


@dataclass(frozen=True, slots=True)
class Result:
    """What was compared, and what differs."""

    subject: str
    checked: int
    differences: list[Difference]


@dataclass(frozen=True, slots=True)
class Safeguarding:
    """What is owed to holders and what is held for them, in one currency.

    Args:
        owed: on their main accounts and cards, and parked.
        gateway: what the gateway has now, by its own word.
        paid_out: what it has paid to the operator's bank, ever.
        booked: what our books say that it owes us or has paid out.
    """

    owed: Money
    gateway: Money
    paid_out: Money
    booked: Money

    @property
    def difference(self) -> Money:
        """What the gateway has and has paid out, less what our books say."""
        return self.gateway + self.paid_out - self.booked

    def as_json(self) -> dict[str, dict[str, int | str]]:
        """Each figure by its name."""
        return {
            "owed": self.owed.as_json(), "gateway": self.gateway.as_json(), "paid_out": self.paid_out.as_json(),
            "booked": self.booked.as_json(), "difference": self.difference.as_json(),
        }  # fmt: skip


def of_day(day: date, *, name: str) -> Result:
    """One day in UTC.

    Raises:
        GatewayUnavailable: nothing is known.
    """
    since = datetime.combine(day, time(), tzinfo=UTC)
    until = since + timedelta(days=1)
    around = list(_books(name).entries(since=since - _MARGIN, until=until + _MARGIN))
    theirs = [one for one in around if since <= one.at < until]
    today = {(one.kind, one.object_ref) for one in theirs}
    elsewhere = {(one.kind, one.object_ref) for one in around} - today
    booked = bookings.entries(name, since=since, until=until, objects={one.object_ref for one in theirs})
    # What the gateway has in the neighbouring day is compared there, whenever we have booked it.
    ours = [
        one for one in booked
        if (one.kind, one.object_ref) in today
        or (since <= one.at < until and (one.kind, one.object_ref) not in elsewhere)
    ]  # fmt: skip
    return _kept(day.isoformat(), name, ours, theirs, safeguarding(name=name))


def of_payout(payout_ref: str, *, name: str) -> Result:
    """Everything that one payout to the operator's bank is made of.

    Raises:
        GatewayUnavailable: nothing is known.
        GatewayRefused: there is no such payout.
    """
    theirs = list(_books(name).entries(payout_ref=payout_ref))
    kept = {(one.kind, one.object_ref) for one in theirs}
    nothing = clock.now()
    ours = bookings.entries(name, since=nothing, until=nothing, objects={one.object_ref for one in theirs})
    return _kept(payout_ref, name, [one for one in ours if (one.kind, one.object_ref) in kept], theirs)


def _books(name: str) -> GatewayBooks:
    found = books(name)
    if found is None:
        raise NoBooks
    return found


def _kept(
    subject: str, name: str, ours: Iterable[Entry], theirs: list[Entry], figures: Iterable[Safeguarding] = ()
) -> Result:  # fmt: skip
    result = Result(subject, len(theirs), compare(ours, theirs))
    Reconciliation.objects.create(
        gateway=name, subject=subject, checked=result.checked, differing=len(result.differences),
        differences=[one.as_json() for one in result.differences],
        safeguarding=[one.as_json() for one in figures], at=clock.now(),
    )  # fmt: skip
    return result


def safeguarding(*, name: str) -> list[Safeguarding]:
    """By currency, as it is now.

    Raises:
        GatewayUnavailable: nothing is known.
    """
    port, kept = gateway(name), _books(name)
    held, paid = kept.held(), kept.paid_out()
    totals = Account.objects.filter(kind__in=_HOLDERS).values("currency").annotate(
        has=Sum("credits_posted"), gave=Sum("debits_posted")
    )  # fmt: skip
    owed = {one["currency"]: one["has"] - one["gave"] for one in totals}
    found = []
    for currency in sorted({*held, *paid, *owed}):
        clearing = accounts.programme(AccountKind(port.clearing_account), currency)
        booked = Money(-balances.of_programme(clearing).minor, currency)
        found.append(
            Safeguarding(
                Money(owed.get(currency, 0), currency), Money(held.get(currency, 0), currency),
                Money(paid.get(currency, 0), currency), booked,
            )
        )  # fmt: skip
    return found


@figures.source("reconciliation")
def watched() -> list[tuple[str, str, int]]:
    """Name, meaning and value of what an operator watches."""
    last = Reconciliation.objects.order_by("-at").first()
    age = int((clock.now() - last.at).total_seconds()) if last else 0
    return [
        ("differences", "Differences that the last reconciliation found", last.differing if last else 0),
        ("age_seconds", "Since the last reconciliation", age),
    ]


__all__ = ["EntryKind", "Result", "Safeguarding", "of_day", "of_payout", "safeguarding"]
