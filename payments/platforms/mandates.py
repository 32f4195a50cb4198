"""Mandates: what a platform may take with one tap, and whether this payment fits."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from django.db.models import F

from payments.platforms.models import Link, Mandate
from wallet.core.errors import Kind, WalletError
from wallet.core.money import MAX_MINOR, Money, exponent
from wallet.core.transactions import needs_transaction, owns_transaction

#: Answers `requires_approval` in a day, after which the person must approve one first (settled.md 13).
APPROVALS_A_DAY = 3


class MandateRefusal(StrEnum):
    """Why one tap does not do; the payer's page puts it into words, the platform never learns it."""

    ONE_TAP_OFF = "one_tap_off"
    OVER = "mandate_over"
    CURRENCY = "mandate_currency"
    PER_PAYMENT = "mandate_per_payment"
    PER_DAY = "mandate_per_day"
    PER_WEEK = "mandate_per_week"


class MandateInvalid(WalletError):
    """The limits of a mandate contradict each other or are out of range."""

    kind = Kind.INVALID
    slug = "validation-failed"
    title = "A value is not valid"


@dataclass(frozen=True, slots=True)
class Terms:
    """What the person sets: limits in minor units of the card's currency."""

    currency: str
    per_payment_minor: int
    per_day_minor: int
    per_week_minor: int | None = None
    until: datetime | None = None
    one_tap: bool = True
    refunds: bool = False

    def check(self) -> None:
        """Refuse what makes no sense.

        Raises:
            MandateInvalid: with a pointer to the member.
        """
        for name, minor in (("per_payment", self.per_payment_minor), ("per_day", self.per_day_minor)):
            if not 0 < minor <= MAX_MINOR:
                raise MandateInvalid("must be more than nothing", pointer=f"/mandate/{name}")
        if self.per_week_minor is not None and not 0 < self.per_week_minor <= MAX_MINOR:
            raise MandateInvalid("must be more than nothing", pointer="/mandate/per_week")
        if self.per_payment_minor > self.per_day_minor:
            raise MandateInvalid("must not be more than a day's limit", pointer="/mandate/per_payment")


def proposed(currency: str) -> Terms:
    """What the consent page proposes: 30.00 a payment, 100.00 a day (settled.md 9)."""
    unit = 10 ** max(exponent(currency), 2)
    return Terms(currency=currency, per_payment_minor=30 * unit, per_day_minor=100 * unit)


@needs_transaction
def set_terms(*, link: Link, terms: Terms, now: datetime) -> Mandate:
    """Make or replace the mandate of a link; what was used in this day and week stays used."""
    terms.check()
    mandate, _ = Mandate.objects.update_or_create(
        link=link,
        defaults={
            "one_tap": terms.one_tap,
            "refunds": terms.refunds,
            "currency": terms.currency,
            "per_payment_minor": terms.per_payment_minor,
            "per_day_minor": terms.per_day_minor,
            "per_week_minor": terms.per_week_minor,
            "until": terms.until,
            "updated_at": now,
        },
    )
    return mandate


def terms_of(mandate: Mandate) -> Terms:
    """The terms as they stand."""
    return Terms(
        currency=mandate.currency,
        per_payment_minor=mandate.per_payment_minor,
        per_day_minor=mandate.per_day_minor,
        per_week_minor=mandate.per_week_minor,
        until=mandate.until,
        one_tap=mandate.one_tap,
        refunds=mandate.refunds,
    )


@needs_transaction
def draw(*, link: Link, amount: Money, now: datetime) -> MandateRefusal | None:
    """Use the mandate for one payment, or say why not. The caller holds the link's row lock.

    A payment that is refused afterwards gives back what it used: `give_back`, in the same transaction.
    """
    mandate = Mandate.objects.select_for_update().get(link=link)
    today, monday = now.date(), _monday(now)
    day_used = mandate.day_used_minor if mandate.day_on == today else 0
    week_used = mandate.week_used_minor if mandate.week_on == monday else 0
    refusal = _refusal(mandate, amount, day_used=day_used, week_used=week_used, now=now)
    if refusal is None:
        mandate.day_on, mandate.day_used_minor = today, day_used + amount.minor
        mandate.week_on, mandate.week_used_minor = monday, week_used + amount.minor
        mandate.save(update_fields=["day_on", "day_used_minor", "week_on", "week_used_minor"])
    return refusal


@needs_transaction
def give_back(*, link: Link, amount: Money, used_at: datetime) -> None:
    """What was drawn then was not used in the end; a day or week that is over has no use for it."""
    drawn = Mandate.objects.filter(link=link)
    drawn.filter(day_on=used_at.date()).update(day_used_minor=F("day_used_minor") - amount.minor)
    drawn.filter(week_on=_monday(used_at)).update(week_used_minor=F("week_used_minor") - amount.minor)


def _monday(now: datetime) -> date:
    """The first day of the week, in UTC as all windows are."""
    today = now.date()
    return today - timedelta(days=today.weekday())


def _refusal(mandate: Mandate, amount: Money, *, day_used: int, week_used: int, now: datetime) -> MandateRefusal | None:
    """The first rule of the mandate that stands against it."""
    week = mandate.per_week_minor
    rules = {
        MandateRefusal.ONE_TAP_OFF: not mandate.one_tap,
        MandateRefusal.OVER: mandate.is_over(now),
        MandateRefusal.CURRENCY: amount.currency != mandate.currency,
        MandateRefusal.PER_PAYMENT: amount.minor > mandate.per_payment_minor,
        MandateRefusal.PER_DAY: day_used + amount.minor > mandate.per_day_minor,
        MandateRefusal.PER_WEEK: week is not None and week_used + amount.minor > week,
    }
    return next((refusal for refusal, stands in rules.items() if stands), None)


def explain(*, link: Link, amount: Money, now: datetime) -> MandateRefusal | None:
    """Why one tap would not do now, for the person's own page; changes nothing."""
    mandate = Mandate.objects.get(link=link)
    today = now.date()
    day_used = mandate.day_used_minor if mandate.day_on == today else 0
    week_used = mandate.week_used_minor if mandate.week_on == _monday(now) else 0
    return _refusal(mandate, amount, day_used=day_used, week_used=week_used, now=now)


@needs_transaction
def count_approval_asked(*, link: Link, now: datetime) -> None:
    """One more `requires_approval`; the third of a day makes the person's own approval due."""
    today = now.date()
    link.approvals_asked = link.approvals_asked + 1 if link.approvals_on == today else 1
    link.approvals_on = today
    link.approval_due = link.approval_due or link.approvals_asked >= APPROVALS_A_DAY
    Link.objects.filter(pk=link.pk).update(
        approvals_on=link.approvals_on, approvals_asked=link.approvals_asked, approval_due=link.approval_due
    )


@owns_transaction
def approved_one(*, link_id: str) -> None:
    """The person has approved a payment of this link on their own page: one tap works again."""
    Link.objects.filter(pk=link_id).update(approvals_asked=0, approval_due=False)
