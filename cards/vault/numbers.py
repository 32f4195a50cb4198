"""The vault's doors: create and tokenize, reveal, shred, and the index by which the network finds a number."""

import secrets
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction

from cards.vault import cvc, number_range, places
from cards.vault.models import CardNumber
from cards.vault.pan import Pan
from cards.vault.places import Place
from privacy.crypto.keyring import KeyDestroyed
from privacy.crypto.secret import Secret, forgets_locals
from wallet.core.errors import Invalid, NotFound
from wallet.core.transactions import needs_transaction

#: A number is taken with a chance of numbers / 10^9, its last digits with a chance of the holder's / 10^4; so many in
#: a row mean that something is broken.
_DRAWS = 16
_SHORTEST_LIFE_MONTHS, _LONGEST_LIFE_MONTHS = 24, 48
#: Before a reserved number's id, where its name will stand; no network names a card like that.
_RESERVED = "reserved:"


class NumbersExhausted(Exception):
    """No free number was found: a defect or a full BIN, never a refusal."""


@dataclass(frozen=True, slots=True)
class Face:
    """What may stand on a card's picture."""

    last4: str
    expiry: str


@dataclass(frozen=True, slots=True)
class Revealed:
    """A number for its owner's eyes."""

    pan: Pan
    expiry: str
    cvc: Secret


@dataclass(frozen=True, slots=True)
class Limits:
    """What a token may be used for, besides its place; None does not limit.

    Args:
        per_payment: most in one payment, in minor units of the card's currency.
        total: most in all its life, the same.
        ends_on: the last day on which it works (UTC).

    Raises:
        Invalid: a limit of nothing.
    """

    per_payment: int | None = None
    total: int | None = None
    ends_on: date | None = None

    def __post_init__(self) -> None:
        for name in ("per_payment", "total"):
            limit = getattr(self, name)
            if limit is not None and limit <= 0:
                raise Invalid("must be more than nothing", pointer=f"/{name}/value")


@forgets_locals
@needs_transaction
def create(*, card_id: str, holder_id: str, domain_ref: str | None, now: datetime) -> Face:
    """Draw a card's own number and keep it sealed; a platform card's works in its domain alone."""
    row = CardNumber(id=card_id, card_id=card_id, holder_id=holder_id, domain_id=domain_ref)
    return _keep(row, now)


@forgets_locals
@needs_transaction
def tokenize(
    *, number_id: str, card_id: str, holder_id: str, place: Place, limits: Limits, now: datetime
) -> Face:  # fmt: skip
    """Draw a further number of a card, for one place; outside it, it is nothing.

    Each number has a life of 24 to 48 months, a code, an id and last digits of its own: two places cannot tell that
    theirs belong to one card, or to one person.

    Args:
        number_id: a fresh `num_` id.
        card_id: the card whose money it spends.
        holder_id: whose card it is.
        place: whom it is for.
        limits: how much, and how long.
        now: the database's time.
    """
    row = CardNumber(
        id=number_id, card_id=card_id, holder_id=holder_id, domain_id=place.link or None, ends_on=limits.ends_on,
        per_payment_minor=limits.per_payment, total_minor=limits.total,
    )  # fmt: skip
    face = _keep(row, now)
    if place.merchant:
        places.keep(place, number_id=number_id, holder_id=holder_id)
    return face


@needs_transaction
def reserve(
    *, number_id: str, card_id: str, holder_id: str, domain_ref: str | None = None, place: Place | None = None,
    limits: Limits | None = None, now: datetime,
) -> Face:  # fmt: skip
    """Make room for a number that a card network makes and keeps: its date is chosen here, its digits never come here.

    Until the network has said what it is called, it is found by nobody; afterwards by the network's name for it, which
    stands where a number of our own would.

    Args:
        number_id: the card's id for the card's own number, else a fresh `num_` id.
        card_id: the card whose money it spends.
        holder_id: whose card it is.
        domain_ref: the domain that a platform card's own number works in.
        place: whom a further number is for.
        limits: how much, and how long, of a further number.
        now: the database's time.
    """
    limits = limits or Limits()
    row = CardNumber(
        id=number_id, card_id=card_id, holder_id=holder_id, domain_id=(place.link if place else domain_ref) or None,
        ends_on=limits.ends_on, per_payment_minor=limits.per_payment, total_minor=limits.total, last4="",
        cvc_version=0, created_at=now, expiry=_some_months_later(now),
    )  # fmt: skip
    row.pan = f"{_RESERVED}{number_id}"
    row.save(force_insert=True)
    if place is not None and place.merchant:
        places.keep(place, number_id=number_id, holder_id=holder_id)
    return Face("", row.expiry)


@needs_transaction
def name_reserved(*, number_id: str, name: str, last4: str, now: datetime) -> bool:
    """Write down what the network calls a number that was reserved; whether its last digits are nobody else's here.

    Also where it was shredded meanwhile: what was paid with it still finds its card.
    """
    row = CardNumber.objects.select_for_update().get(id=number_id)
    was_shredded = row.shredded_at is not None
    row.pan, row.last4 = name, last4
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        return False
    if was_shredded:
        _forget(row, now)
    return True


@forgets_locals
def reveal(number_id: str) -> Revealed:
    """The whole number, for the owner's page after a fresh step-up; the caller logs it through the gate.

    Args:
        number_id: a card's id for the card's own number, or a token's.

    Raises:
        NotFound: no such number, or shredded.
    """
    row = CardNumber.objects.filter(id=number_id, shredded_at=None).first()
    if row is None or not row.pan:
        raise NotFound
    pan = Pan(row.pan)
    return Revealed(pan, row.expiry, cvc.derive(pan, expiry=row.expiry, version=row.cvc_version))


@forgets_locals
@needs_transaction
def shred(*, card_id: str, number_id: str | None = None, now: datetime) -> int:
    """Forget one number of a card for good, or all of them; how many there were.

    The index stays: while its key lives nobody gets the number again, and a refund that still comes finds its card.
    """
    rows = CardNumber.objects.select_for_update().filter(card_id=card_id, shredded_at=None).order_by("id")
    if number_id is not None:
        rows = rows.filter(id=number_id)
    return sum(_forget(row, now) for row in rows)


def index_of(pan: Secret) -> bytes:
    """The keyed index that finds a number: HMAC-SHA-256 under a key of this column alone (C10).

    Args:
        pan: a number of ours, or what the network that keeps it calls it.
    """
    field: Any = CardNumber._meta.get_field("pan_index")  # noqa: SLF001 - Django's documented API
    digest: bytes = field.digest(pan.reveal())
    return digest


def last_day(expiry: str) -> date:
    """The last day of a `YYYY-MM` month."""
    year, month = map(int, expiry.split("-"))
    following = date(year + month // 12, month % 12 + 1, 1)
    return date.fromordinal(following.toordinal() - 1)


def _keep(row: CardNumber, now: datetime) -> Face:
    """Draw until the number is nobody's and its last digits are no other live number's of this person."""
    row.expiry, row.cvc_version, row.created_at = _some_months_later(now), cvc.current_version(), now
    taken = set(CardNumber.objects.filter(holder_id=row.holder_id, shredded_at=None).values_list("last4", flat=True))
    for _draw in range(_DRAWS):
        pan = number_range.draw()
        if pan.last4 not in taken and _insert(row, pan):
            return Face(row.last4, row.expiry)
    raise NumbersExhausted


def _insert(row: CardNumber, pan: Pan) -> bool:
    row.pan, row.last4 = pan.reveal(), pan.last4
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        # Somebody has this number; but an id that is taken is a defect of the caller.
        if CardNumber.objects.filter(id=row.id).exists():
            raise
        return False
    return True


def _forget(row: CardNumber, now: datetime) -> bool:
    row.pan, row.shredded_at = "", now
    try:
        with transaction.atomic():
            row.save()
    except KeyDestroyed:
        # Nobody can open it any more: only the mark is missing.
        CardNumber.objects.filter(id=row.id).update(shredded_at=now)
    return True


def _some_months_later(now: datetime) -> str:
    months = _SHORTEST_LIFE_MONTHS + secrets.randbelow(_LONGEST_LIFE_MONTHS - _SHORTEST_LIFE_MONTHS + 1)
    return _months_later(now, months)


def _months_later(now: datetime, months: int) -> str:
    count = now.year * 12 + now.month - 1 + months
    return f"{count // 12:04d}-{count % 12 + 1:02d}"
