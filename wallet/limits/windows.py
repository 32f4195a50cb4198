"""Windows: how much may be held, and spent in one payment, a day, a month."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import connection

from wallet.core import clock
from wallet.core.errors import Kind, WalletError
from wallet.core.money import Money
from wallet.core.transactions import needs_transaction
from wallet.ledger import balances
from wallet.limits import tiers
from wallet.limits.regimes import Rules


class Limit(StrEnum):
    """What is limited."""

    #: What a holder has, on main and cards; counted, never consumed.
    STORED = "stored"
    #: What a holder pays, to shops and to people.
    SPENDING = "spending"


class LimitReached(WalletError):
    """The amount does not fit into what the holder's tier still allows."""

    kind = Kind.REFUSED
    slug = "limit-reached"
    title = "This is more than your limits allow"


@dataclass(frozen=True, slots=True)
class Caps:
    """Limits in minor units of one currency, for a room's own SQL; None does not limit."""

    stored: int | None
    payment: int | None
    day: int | None
    month: int | None


@dataclass(frozen=True, slots=True)
class Usage:
    """One limit, what is used of it, what is left, and when it starts anew (None: never, or with each payment)."""

    name: Limit
    period: str
    limit: Money
    used: Money
    left: Money
    resets_at: datetime | None


def caps(holder_id: str, currency: str, *, now: datetime) -> Caps:
    """A holder's limits in one currency."""
    return _caps(tiers.rules_of(holder_id, now=now), currency)


@needs_transaction
def consume(*, holder_id: str, limit: Limit, amount: Money, now: datetime) -> None:
    """Use up the windows of a limit, in the transaction of the effect.

    Consume before money is moved: window rows are locked before accounts, everywhere.

    Raises:
        LimitReached: it does not fit; nothing is used then. Facts: limit, period, value, currency.
    """
    if limit is not Limit.SPENDING:
        raise ValueError(f"{limit} is counted, not consumed")
    allowed = caps(holder_id, amount.currency, now=now)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT limits_consume(%s, %s, %s, %s, %s, %s, %s, %s)",
            [holder_id, limit, amount.currency, amount.minor, allowed.payment, allowed.day, allowed.month, now],
        )
        (refused,) = cursor.fetchone()
    if refused is not None:
        value = {"payment": allowed.payment, "day": allowed.day, "month": allowed.month}[refused]
        raise LimitReached(limit=limit.value, period=refused, value=value or 0, currency=amount.currency)


@needs_transaction
def give_back(*, holder_id: str, limit: Limit, amount: Money, used_at: datetime) -> None:
    """A release gives back to the windows in which it was used (`now` of `consume`); a refund does not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT limits_give_back(%s, %s, %s, %s, %s)", [holder_id, limit, amount.currency, amount.minor, used_at]
        )


def require_room(*, holder_id: str, amount: Money, now: datetime) -> None:
    """Refuse a top-up before it is paid when it would not fit.

    Raises:
        LimitReached: stored money would exceed the limit.
    """
    stored = caps(holder_id, amount.currency, now=now).stored
    if stored is not None and _stored(holder_id, amount.currency) + amount.minor > stored:
        raise LimitReached(limit=Limit.STORED.value, period="always", value=stored, currency=amount.currency)


def usage(holder_id: str, *, now: datetime | None = None) -> list[Usage]:
    """Every limit of a holder: in each currency they hold, or the first one offered."""
    now = now or clock.now()
    rules = tiers.rules_of(holder_id, now=now)
    held = {balance.ref.currency for balance in balances.of_holder(holder_id)}
    currencies = [one for one in settings.CURRENCIES if one in held] or settings.CURRENCIES[:1]
    return [line for currency in currencies for line in _usage_in(holder_id, rules, currency, now)]


def _usage_in(holder_id: str, rules: Rules, currency: str, now: datetime) -> list[Usage]:
    allowed = _caps(rules, currency)
    with connection.cursor() as cursor:
        cursor.execute("SELECT day, month FROM limits_used(%s, %s, %s, %s)", [holder_id, Limit.SPENDING, currency, now])
        day, month = cursor.fetchone()
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    next_month = (midnight.replace(day=1) + timedelta(days=32)).replace(day=1)
    windows = [
        (Limit.STORED, "always", allowed.stored, _stored(holder_id, currency), None),
        (Limit.SPENDING, "payment", allowed.payment, 0, None),
        (Limit.SPENDING, "day", allowed.day, day, midnight + timedelta(days=1)),
        (Limit.SPENDING, "month", allowed.month, month, next_month),
    ]
    return [
        Usage(name, period, Money(cap, currency), Money(used, currency), Money(max(cap - used, 0), currency), resets_at)
        for name, period, cap, used, resets_at in windows
        if cap is not None
    ]


def _caps(rules: Rules, currency: str) -> Caps:
    return Caps(
        stored=rules.minor(rules.stored, currency),
        payment=rules.minor(rules.payment, currency),
        day=rules.minor(rules.day, currency),
        month=rules.minor(rules.month, currency),
    )


def _stored(holder_id: str, currency: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_stored(%s, %s)", [holder_id, currency])
        return int(cursor.fetchone()[0])
