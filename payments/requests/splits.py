"""Splits: a platform asks several people for their parts of one sum (a request is a split with one share)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from payments.platforms.models import Platform
from payments.requests import outcomes
from payments.requests.asking import open_request, usable_links
from payments.requests.models import (
    DEFAULT_HOLD,
    DEFAULT_LIFE,
    MAX_HOLD,
    PaymentRequest,
    Split,
    SplitStatus,
)
from payments.requests.moves import lock_split
from payments.requests.shares import ShareWish, divide
from wallet.core.actors import Actor
from wallet.core.errors import Invalid, Kind, NotFound, WalletError
from wallet.core.money import Money
from wallet.core.transactions import owns_transaction


class SplitNotOpen(WalletError):
    """The split was completed or canceled, or its time is over: it cannot be taken back any more."""

    kind = Kind.CONFLICT
    slug = "split-not-open"
    title = "This split is not open"


@dataclass(frozen=True, slots=True)
class SplitWish:
    """What a platform asks several people for."""

    payee: str
    total: Money
    shares: Sequence[ShareWish]
    all_or_nothing: bool = False
    note: str | None = None
    reference: str | None = None
    expires_in: int | None = None
    locale: str = "en"

    @property
    def lifetime(self) -> timedelta:
        """How long it stays open; what is held, not as long as what is only asked for.

        Raises:
            Invalid: longer than money may be held.
        """
        default, most = (DEFAULT_HOLD, MAX_HOLD) if self.all_or_nothing else (DEFAULT_LIFE, None)
        seconds = self.expires_in or default
        if most is not None and seconds > most:
            raise Invalid(f"must be at most {most}: money is held meanwhile", pointer="/expires_in")
        return timedelta(seconds=seconds)


@owns_transaction
def create_split(*, platform: Platform, wish: SplitWish, now: datetime) -> Split:
    """Open a split: a payment request for each share but the payee's own, which counts as paid.

    Raises:
        Invalid: shares that do not come to the total, a person twice, nobody to ask, or a link that is not this
            platform's active one.
    """
    amounts, expires_at = divide(wish.total, wish.shares), now + wish.lifetime
    named = _named_links(wish)
    found = usable_links(named, platform_id=platform.pk)
    payee = found[wish.payee]
    own = next((number for number, share in enumerate(wish.shares) if share.payer == wish.payee), None)
    split = Split.objects.create(
        platform=platform, payee_link=payee, payee_id=payee.holder_id, total_minor=wish.total.minor,
        currency=wish.total.currency, own_minor=0 if own is None else amounts[own].minor, own_position=own,
        all_or_nothing=wish.all_or_nothing, reference=wish.reference, created_at=now, expires_at=expires_at,
    )  # fmt: skip
    for number, (share, amount) in enumerate(zip(wish.shares, amounts, strict=True)):
        if number == own:
            continue
        request = PaymentRequest(
            platform=platform, payee_link=payee, payer_link=None if share.payer is None else found[share.payer],
            reference=wish.reference, locale=wish.locale, created_at=now, expires_at=expires_at, split=split,
            position=number,
        )  # fmt: skip
        open_request(request, amount=amount, note=wish.note or "", now=now)
    return split


def _named_links(wish: SplitWish) -> dict[str, str]:
    """Each link with the member that names it.

    Raises:
        Invalid: one has two shares (a weight does that), or there is nobody but the payee.
    """
    counted = Counter(share.payer for share in wish.shares if share.payer is not None)
    named = {wish.payee: "/payee"}
    for number, share in enumerate(wish.shares):
        if share.payer is None:
            continue
        pointer = f"/shares/{number}/payer"
        if counted[share.payer] > 1:
            raise Invalid("must have one share: give it more weight instead", pointer=pointer)
        named.setdefault(share.payer, pointer)
    if all(share.payer == wish.payee for share in wish.shares):
        raise Invalid("must ask somebody besides the payee", pointer="/shares")
    return named


@owns_transaction
def get_split(*, platform: Platform, split_id: str, now: datetime) -> Split:
    """One of the platform's own; what is past its time expires here if no sweeper has come yet.

    Raises:
        NotFound: unknown or another platform's.
    """
    split = Split.objects.select_related("payee_link").filter(pk=split_id, platform=platform).first()
    if split is None:
        raise NotFound
    if split.status == SplitStatus.OPEN and split.expires_at <= now and outcomes.expire_split(split.id):
        split.refresh_from_db(fields=["status"])
    return split


@owns_transaction
def cancel_split(*, platform: Platform, split_id: str, now: datetime) -> Split:
    """Take it back: open shares are canceled, held ones given back; what was paid stays paid.

    Raises:
        NotFound: unknown or another platform's.
        SplitNotOpen: completed, canceled or expired.
    """
    split = lock_split(split_id)
    if split is None or split.platform_id != platform.pk:
        raise NotFound
    if split.status != SplitStatus.OPEN or split.expires_at <= now:
        raise SplitNotOpen
    outcomes.break_off(split, event="cancel", actor=Actor.platform(platform.pk), now=now)
    return split


def list_shares(split: Split) -> list[PaymentRequest]:
    """Its requests, in the order of the shares."""
    rows = split.requests.select_related("payee_link", "payer_link", "tapped_link")
    return list(rows.order_by("position"))
