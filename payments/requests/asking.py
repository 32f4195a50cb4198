"""Asking: a platform creates, reads and cancels the requests that it made."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from payments.platforms import links
from payments.platforms.models import Block, Link, LinkStatus, Platform
from payments.requests import events, sides, sightings
from payments.requests.models import DEFAULT_LIFE, STATES, PaymentRequest, RequestStatus, Role
from wallet.activity import notices
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.errors import Invalid, Kind, NotFound, WalletError
from wallet.core.money import Money
from wallet.core.transactions import needs_transaction, owns_transaction

#: Notices that want the payer to do something.
_WAITING = frozenset({"payment_request", "payment_approval"})


class RequestNotOpen(WalletError):
    """The request was paid, declined or canceled, or its time is over: this cannot happen to it any more."""

    kind = Kind.CONFLICT
    slug = "payment-request-not-open"
    title = "This payment request is not open"


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


@owns_transaction
def create_request(*, platform: Platform, wish: Wish, now: datetime) -> PaymentRequest:
    """Open a request, and tell the payer if it names one.

    Raises:
        Invalid: a link that is not this platform's active one, or payer and payee are one person.
    """
    # Locked in the order of their ids: two requests between the same two people never wait for each other in a ring.
    found = {
        link_id: usable_link(link_id, platform_id=platform.pk, pointer=pointer)
        for link_id, pointer in sorted(_named_links(wish).items())
    }
    payee, payer = found[wish.payee], found[wish.payer] if wish.payer else None
    if payer is not None and payer.holder_id == payee.holder_id:
        raise Invalid("must not be the payee", pointer="/payer")
    request = PaymentRequest.objects.create(
        platform=platform, payee_link=payee, payee_id=payee.holder_id, payer_link=payer,
        amount_minor=wish.amount.minor, currency=wish.amount.currency, reference=wish.reference, locale=wish.locale,
        created_at=now, expires_at=now + timedelta(seconds=wish.expires_in),
    )  # fmt: skip
    note = wish.note or ""
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
    return PaymentRequest.objects.select_related("payee_link", "payer_link").filter(platform=platform)


@owns_transaction
def get_request(*, platform: Platform, request_id: str, now: datetime) -> PaymentRequest:
    """One of the platform's own; what is past its time expires here if no sweeper has come yet.

    Raises:
        NotFound: unknown or another platform's.
    """
    request = list_requests(platform).filter(pk=request_id).first()
    if request is None:
        raise NotFound
    if request.status == RequestStatus.OPEN and request.expires_at <= now:
        request = lock_request(request.id) or request
        if request.status == RequestStatus.OPEN:
            move(request, event="expire", actor=Actor.system("expiry"))
    return request


@owns_transaction
def cancel_request(*, platform: Platform, request_id: str, now: datetime) -> PaymentRequest:
    """Take an open request back.

    Raises:
        NotFound: unknown or another platform's.
        RequestNotOpen: paid, declined, canceled or expired (a repeated call with its key gets its first answer).
    """
    request = lock_request(request_id, platform_id=platform.pk)
    if request is None:
        raise NotFound
    if not request.is_payable(now):
        raise RequestNotOpen
    move(request, event="cancel", actor=Actor.platform(platform.pk))
    return request


def lock_request(request_id: str, *, platform_id: str | None = None) -> PaymentRequest | None:
    """The request under its row lock."""
    rows = PaymentRequest.objects.select_related("payee_link", "payer_link", "platform").filter(pk=request_id)
    if platform_id is not None:
        rows = rows.filter(platform_id=platform_id)
    return rows.select_for_update(of=("self",)).first()


def move(request: PaymentRequest, *, event: str, actor: Actor) -> None:
    """Move a locked request, with its audit row and its event."""
    before = RequestStatus(request.status)
    request.status = STATES.after(before, event)
    request.save()
    STATES.record(subject=request.id, event=event, before=before, after=RequestStatus(request.status), actor=actor)
    lay_notices_aside(request, clock.now())
    events.announce(request)


@needs_transaction
def lay_notices_aside(request: PaymentRequest, now: datetime, *, holder_id: str = "") -> None:
    """What waited for the payer waits no longer; for one person, or for everybody who was asked."""
    notices.lay_aside(ref=request.id, kinds=_WAITING, holder_id=holder_id, now=now)


@links.on_end
def cancel_with_link(link: Link, now: datetime) -> list[str]:  # noqa: ARG001 - the registry's signature
    """A link that ends takes along the open requests that name it; returns their ids."""
    named = PaymentRequest.objects.filter(status=RequestStatus.OPEN, payee_link=link) | PaymentRequest.objects.filter(
        status=RequestStatus.OPEN, payer_link=link
    )
    canceled = []
    for request_id in named.order_by("pk").values_list("pk", flat=True):
        request = lock_request(request_id)
        if request is not None and request.status == RequestStatus.OPEN:
            move(request, event="cancel", actor=Actor.system("link-ended"))
            canceled.append(request.id)
    return canceled


@owns_transaction
def expire_requests(*, limit: int = 200) -> int:
    """Expire what is past its time; a payment that holds the row's lock goes first."""
    now = clock.now()
    due = list(
        PaymentRequest.objects.select_related("payee_link", "payer_link", "platform")
        .select_for_update(of=("self",), skip_locked=True)
        .filter(status=RequestStatus.OPEN, expires_at__lte=now)
        .order_by("expires_at")[:limit]
    )
    for request in due:
        move(request, event="expire", actor=Actor.system("expiry"))
    return len(due)
