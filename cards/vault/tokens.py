"""Tokens as their owner may see them: whom each is for, what it may, what it did; at most the last four digits."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from cards.vault.models import CardNumber
from cards.vault.numbers import Limits
from privacy.crypto.keyring import KeyDestroyed


@dataclass(frozen=True, slots=True)
class Token:
    """A number of a card for one place."""

    id: str
    card_id: str
    #: What people call the place.
    name: str
    #: The platform link that it is for, or "".
    link: str
    #: The merchant that it is for, or "".
    merchant: str
    last4: str
    expiry: str
    limits: Limits
    spent_minor: int
    payments: int
    used_at: datetime | None
    created_at: datetime
    ended_at: datetime | None


def of_card(card_id: str) -> QuerySet[CardNumber]:
    """The tokens of a card, ended ones too, newest first."""
    rows = CardNumber.objects.filter(card_id=card_id, id__startswith="num_")
    return rows.select_related("domain", "place", "spending").order_by("-created_at", "-id")


def live_of_cards(card_ids: Iterable[str]) -> QuerySet[CardNumber]:
    """The tokens of these cards that were not ended, newest first."""
    rows = CardNumber.objects.filter(card_id__in=list(card_ids), id__startswith="num_", shredded_at=None)
    return rows.select_related("domain", "place", "spending").order_by("-created_at", "-id")


def in_domain(ref: str) -> list[tuple[str, str]]:
    """Card id and id of each live token of a platform link."""
    rows = CardNumber.objects.filter(domain_id=ref, id__startswith="num_", shredded_at=None)
    return list(rows.order_by("card_id", "id").values_list("card_id", "id"))


def find(card_id: str, number_id: str) -> Token | None:
    """One token of a card; the card's own number is none."""
    row = of_card(card_id).filter(id=number_id).first()
    return None if row is None else view(row)


def name_of(number_id: str) -> str:
    """What its owner calls the place of a token; "" where it is none or the owner's keys are gone."""
    row = CardNumber.objects.filter(id=number_id).select_related("domain", "place").first()
    return "" if row is None else _place_of(row)[1]


def view(row: CardNumber) -> Token:
    """A row of `of_card` opened."""
    merchant, name = _place_of(row)
    spending = getattr(row, "spending", None)
    return Token(
        id=row.id, card_id=row.card_id, name=name, link=row.domain_id or "", merchant=merchant, last4=row.last4,
        expiry=row.expiry, limits=Limits(row.per_payment_minor, row.total_minor, row.ends_on),
        spent_minor=spending.spent_minor if spending else 0, payments=spending.payments if spending else 0,
        used_at=spending.used_at if spending else None, created_at=row.created_at, ended_at=row.shredded_at,
    )  # fmt: skip


def _place_of(row: CardNumber) -> tuple[str, str]:
    """The merchant of a token and the name of its place."""
    if row.domain is not None:
        return "", row.domain.name
    kept = getattr(row, "place", None)
    if kept is None:
        return "", ""
    try:
        return str(kept.place["merchant"]), str(kept.place["name"])
    except KeyDestroyed:
        return "", ""
