"""Shadow mode: what other rules would have done to a card's last payments. Nothing is written, nothing is blocked."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from django.db.models import F, Q, QuerySet, Sum

from cards.authorizations.books import merchant_of
from cards.authorizations.codes import Reason
from cards.authorizations.decide import Ask, Decline, Snapshot, Spent, decide
from cards.authorizations.merchants import Merchant
from cards.authorizations.models import Authorization
from cards.authorizations.states import AuthorizationStatus
from cards.issuing.controls import Controls
from cards.issuing.models import Card
from wallet.core.money import Money

#: How far back the rules are tried.
LATEST = 40


@dataclass(frozen=True, slots=True)
class Blocked:
    """One payment that the rules would have stopped, and by which of them."""

    authorization_id: str
    at: datetime
    merchant: Merchant
    amount: Money
    reason: Reason


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What came of it; `tried` payments, of which `blocked`, oldest first."""

    tried: int
    blocked: tuple[Blocked, ...]


def rehearse(*, card: Card, controls: Controls) -> Rehearsal:
    """Decide again on the card's last payments, as if these rules had held; by the decision that real ones meet.

    A payment that would have been blocked takes nothing from the windows of those after it. Clearings that nobody was
    asked about are not tried: no rule can stop them.
    """
    asked = _asked(card)
    payments = sorted(asked.order_by("-decided_at", "-id")[:LATEST], key=lambda one: (one.decided_at, one.id))
    if not payments:
        return Rehearsal(0, ())
    spent, today = _spent_before(asked, payments[0]), payments[0].decided_at.date()
    blocked = []
    for payment in payments:
        spent, today = _turned(spent, today, payment.decided_at.date()), payment.decided_at.date()
        amount, merchant = Money(_kept(payment), card.currency), merchant_of(payment)
        decision = decide(_snapshot(card, controls, spent, today, amount), Ask(amount, merchant, b""))
        if isinstance(decision, Decline):
            blocked.append(Blocked(payment.id, payment.decided_at, merchant, amount, decision.reason))
        else:
            spent = Spent(spent.day + amount.minor, spent.month + amount.minor, spent.lifetime + amount.minor)
    return Rehearsal(len(payments), tuple(blocked))


def _asked(card: Card) -> QuerySet[Authorization]:
    """What was approved of this card, and has not all been given back."""
    return Authorization.objects.filter(
        ~Q(status=AuthorizationStatus.DECLINED), card=card, authorized_minor__gt=F("reversed_minor")
    )


def _kept(payment: Authorization) -> int:
    return int(payment.authorized_minor - payment.reversed_minor)


def _spent_before(asked: QuerySet[Authorization], first: Authorization) -> Spent:
    """What the windows held when the first of the payments was asked."""
    before = asked.filter(Q(decided_at__lt=first.decided_at) | Q(decided_at=first.decided_at, id__lt=first.id))
    today = first.decided_at.date()
    kept = F("authorized_minor") - F("reversed_minor")
    this_month = Q(decided_at__year=today.year, decided_at__month=today.month)
    sums = before.aggregate(
        day=Sum(kept, filter=Q(decided_at__date=today), default=0),
        month=Sum(kept, filter=this_month, default=0),
        lifetime=Sum(kept, default=0),
    )
    return Spent(sums["day"], sums["month"], sums["lifetime"])


def _turned(spent: Spent, before: date, today: date) -> Spent:
    """The windows of another day: calendar days and months in UTC (settled.md 33)."""
    if today == before:
        return spent
    is_same_month = (before.year, before.month) == (today.year, today.month)
    return replace(spent, day=0, month=spent.month if is_same_month else 0)


def _snapshot(card: Card, controls: Controls, spent: Spent, today: date, amount: Money) -> Snapshot:
    """A card on which only the rules could refuse."""
    return Snapshot(
        card_id=card.id, holder_id=card.holder_id, kind="standard", status="active", state_version=0,
        currency=card.currency, controls=controls, last_day=date.max, today=today, available=amount.minor, spent=spent,
    )  # fmt: skip
