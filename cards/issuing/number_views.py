"""Numbers as pages show them: a row of the list, and the number itself for thirty seconds."""

from dataclasses import dataclass, field
from datetime import date, datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from cards.issuing import place_numbers
from cards.issuing.models import Card
from cards.issuing.place_numbers import Token
from cards.issuing.reveals import Shown
from cards.issuing.states import NumberStatus
from wallet.core.money import Money

#: Seconds that a number stays on the page.
SHOWN_FOR = 30


@dataclass(frozen=True, slots=True)
class NumberView:
    """A number for one place as its owner may see it."""

    id: str
    card: str
    name: str
    #: The merchant as the network names it, or "" for a platform.
    merchant: str
    status: str
    last4: str
    expiry: str
    per_payment: Money | None
    total: Money | None
    ends_on: date | None
    spent: Money
    payments: int
    used_at: datetime | None
    made_at: datetime
    ended_at: datetime | None

    @property
    def is_ended(self) -> bool:
        """Whether it is gone for good."""
        return self.status == NumberStatus.ENDED


@dataclass(frozen=True, slots=True)
class NumberShown:
    """A number on the page, in groups of four; not in its own representation, which ends in error reports."""

    groups: list[str] = field(repr=False)
    expiry: str
    cvc: str = field(repr=False)
    seconds: int


def number_view(card: Card, token: Token, now: datetime) -> NumberView:
    """One number for its page."""

    def money(minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, card.currency)

    return NumberView(
        id=token.id, card=card.id, name=token.name, merchant=token.merchant,
        status=place_numbers.status_of(token, now.date()), last4=token.last4, expiry=token.expiry,
        per_payment=money(token.limits.per_payment), total=money(token.limits.total), ends_on=token.limits.ends_on,
        spent=Money(token.spent_minor, card.currency), payments=token.payments, used_at=token.used_at,
        made_at=token.created_at, ended_at=token.ended_at,
    )  # fmt: skip


def number_views(card: Card, now: datetime) -> list[NumberView]:
    """The numbers of a card that are not ended, newest first."""
    rows = place_numbers.list_numbers(card).filter(shredded_at=None)
    return [number_view(card, place_numbers.view(row), now) for row in rows]


def show_number(request: HttpRequest, shown: Shown, *, away: str, place: str = "") -> HttpResponse:
    """The page with a number, which leaves by itself, also without a script.

    Args:
        request: of a view that has asked for the passkey.
        shown: what the vault gave.
        away: the page that comes after.
        place: whom the number was made for; "" for the card's own.
    """
    expiry = shown.revealed.expiry
    number = NumberShown(
        groups=_groups(shown.revealed.pan.reveal()), expiry=f"{expiry[5:]}/{expiry[2:4]}",
        cvc=shown.revealed.cvc.reveal(), seconds=SHOWN_FOR,
    )  # fmt: skip
    context = {"number": number, "meant_for": shown.meant_for, "away": away, "place": place}
    response = render(request, "cards/number.html", context)
    response["Refresh"] = f"{SHOWN_FOR}; url={away}"
    return response


def _groups(digits: str) -> list[str]:
    return [digits[start : start + 4] for start in range(0, len(digits), 4)]
