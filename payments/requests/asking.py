"""Asking: a platform creates, reads and cancels the requests that it made."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from payments.platforms import links
from payments.platforms.models import Block, Link, LinkStatus, Platform
from payments.requests import outcomes, sides, sightings
from payments.requests.models import DEFAULT_LIFE, PaymentRequest, RequestStatus, Role
from payments.requests.moves import RequestNotOpen, lock_request, move
from wallet.activity import notices
from wallet.core.actors import Actor
from wallet.core.errors import Invalid, NotFound
from wallet.core.money import Money
from wallet.core.transactions import needs_transaction, owns_transaction


@dataclass(frozen=True, slots=True)
class Wish:
    """What a platform asks for."""

    payee: str
    payer: str | None
    amount: Money
    note: str | None = None
    reference: str | None = None
    expires_in: int = DEFAULT_LIFE
    locale: str = "en"


def usable_link(link_id: str, *, platform_id: str, pointer: str) -> Link:
    """An active link of this platform under its row lock.

    Raises:
        Invalid: unknown, ended or another's, in the same words (settled.md 27).
    """
    link = links.lock_link(link_id)
    if link is None or link.platform_id != platform_id or link.status != LinkStatus.ACTIVE:
        raise Invalid("must be a link_ id that you may use", pointer=pointer)
    return link


@needs_transaction
def usable_links(named: Mapping[str, str], *, platform_id: str) -> dict[str, Link]:
    """Active links of this platform, each with the pointer that names it.

    Locked in the order of their ids: two wishes between the same people never wait for each other in a ring.

    Raises:
        Invalid: as `usable_link`.
    """
    return {
        link_id: usable_link(link_id, platform_id=platform_id, pointer=pointer)
        for link_id, pointer in sorted(named.items())
    }


@owns_transaction
def create_request(*, platform: Platform, wish: Wish, now: datetime) -> PaymentRequest:
    """Open a request, and tell the payer if it names one.

    Raises:
        Invalid: a link that is not this platform's active one, or payer and payee are one person.
    """
    found = usable_links(_named_links(wish), platform_id=platform.pk)
    payee, payer = found[wish.payee], found[wish.payer] if wish.payer else None
    if payer is not None and payer.holder_id == payee.holder_id:
        raise Invalid("must not be the payee", pointer="/payer")
    request = PaymentRequest(
        platform=platform, payee_link=payee, payer_link=payer, reference=wish.reference, locale=wish.locale,
        created_at=now, expires_at=now + timedelta(seconds=wish.expires_in),
    )  # fmt: skip
    return open_request(request, amount=wish.amount, note=wish.note or "", now=now)


@needs_transaction
def open_request(request: PaymentRequest, *, amount: Money, note: str, now: datetime) -> PaymentRequest:
    """Write a request down, alone or as a share, with each person's copy of its words; tell whom it names."""
    payee, payer, platform = request.payee_link, request.payer_link, request.platform
    request.payee_id, request.amount_minor, request.currency = payee.holder_id, amount.minor, amount.currency
    request.save(force_insert=True)
    other = "" if payer is None else payer.alias
    sides.write_side(request=request, role=Role.PAYEE, holder_id=payee.holder_id, note=note, other_alias=other)
    if payer is not None:
        sides.write_side(
            request=request, role=Role.PAYER, holder_id=payer.holder_id, note=note, other_alias=payee.alias
        )
        # Blocked or not: the asker's log looks the same (settled.md 39).
        sightings.payee_seen(request, alias=payee.alias, note=note, now=now)
        sightings.payer_seen(request, payer_id=payer.holder_id, alias=payer.alias, now=now)
        if not is_blocked(by=payer.holder_id, asker=payee.holder_id):
            facts = {"name": sides.shown_name(payee.alias, platform.name), "amount": request.amount}
            notices.notify(holder_id=payer.holder_id, kind="payment_request", ref=request.id, facts=facts, now=now)
    return request


def _named_links(wish: Wish) -> dict[str, str]:
    named = {wish.payee: "/payee"}
    if wish.payer is not None:
        named.setdefault(wish.payer, "/payer")
    return named


def is_blocked(*, by: str, asker: str) -> bool:
    """Whether this person wants no requests of that one."""
    return Block.objects.filter(holder_id=by, blocked_id=asker).exists()


def list_requests(platform: Platform) -> QuerySet[PaymentRequest]:
    """What this platform has asked for, newest first."""
    return PaymentRequest.objects.select_related("payee_link", "payer_link", "tapped_link").filter(platform=platform)


@owns_transaction
def get_request(*, platform: Platform, request_id: str, now: datetime) -> PaymentRequest:
    """One of the platform's own; what is past its time expires here if no sweeper has come yet.

    Raises:
        NotFound: unknown or another platform's.
    """
    request = list_requests(platform).filter(pk=request_id).first()
    if request is None:
        raise NotFound
    if request.status in {RequestStatus.OPEN, RequestStatus.HELD} and request.expires_at <= now:
        request = lock_request(request.id) or request
        outcomes.expire(request, now=now)
    return request


@owns_transaction
def cancel_request(*, platform: Platform, request_id: str, now: datetime) -> PaymentRequest:
    """Take an open request back; a share in which all pay or nobody, with its whole split.

    Raises:
        NotFound: unknown or another platform's.
        RequestNotOpen: paid, declined, canceled or expired (a repeated call with its key gets its first answer).
    """
    request = lock_request(request_id, platform_id=platform.pk)
    if request is None:
        raise NotFound
    is_held = request.status == RequestStatus.HELD and request.expires_at > now
    if not is_held and not request.is_payable(now):
        raise RequestNotOpen
    cancel_locked(request, actor=Actor.platform(platform.pk), now=now)
    return request


@links.on_end
def cancel_with_link(link: Link, now: datetime) -> list[str]:
    """A link that ends takes along the open requests that name it, and what its own tap holds; returns their ids.

    A split in which all pay or nobody is broken off with its first share; a split whose payee leaves, as a whole.
    """
    named = Q(payee_link=link) | Q(payer_link=link) | Q(tapped_link=link)
    rows = PaymentRequest.objects.filter(named, status__in=[RequestStatus.OPEN, RequestStatus.HELD])
    canceled, broken, actor = [], set(), Actor.system("link-ended")
    for request_id in rows.order_by("split_id", "pk").values_list("pk", flat=True):
        request = lock_request(request_id)
        if request is not None and request.status in {RequestStatus.OPEN, RequestStatus.HELD}:
            cancel_locked(request, actor=actor, now=now)
            broken.add(request.split_id)
        elif request is None or request.status != RequestStatus.CANCELED or request.split_id not in broken:
            continue
        canceled.append(request_id)
    return canceled


@owns_transaction
def release_held(*, holder_id: str, now: datetime) -> None:
    """Whoever leaves waits for nobody: what is held of them goes back at once, with all of its split.

    What they approved on their own page hangs on no link of theirs, so no link that ends takes it along.
    """
    held = PaymentRequest.objects.filter(paid_by=holder_id, status=RequestStatus.HELD)
    for request_id in held.order_by("split_id", "pk").values_list("pk", flat=True):
        request = lock_request(request_id)
        if request is not None and request.status == RequestStatus.HELD:
            cancel_locked(request, actor=Actor.holder(holder_id), now=now)


@needs_transaction
def cancel_locked(request: PaymentRequest, *, actor: Actor, now: datetime) -> None:
    """Cancel a locked request that is open or held, with what follows for its split."""
    split = request.split
    if split is not None and split.all_or_nothing:
        outcomes.break_off(split, event="cancel", actor=actor, now=now)
        request.refresh_from_db(fields=["status"])
        return
    move(request, event="cancel", actor=actor)
    if split is not None:
        outcomes.conclude(split, actor=actor, now=now)
