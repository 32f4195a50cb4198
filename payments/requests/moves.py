"""Moves: a request or a split under its lock, and one step of its state.

Lock order: links by id, split, request, card, ledger. Whatever happens to a share happens under its split's lock, so
the shares of one split move one after the other.
"""

from datetime import datetime

from payments.requests import events
from payments.requests.models import (
    CHECKOUT,
    SPLIT,
    STATES,
    CheckoutStatus,
    PaymentRequest,
    RequestStatus,
    Split,
    SplitStatus,
)
from wallet.activity import notices
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.errors import Kind, WalletError
from wallet.core.transactions import needs_transaction

#: Notices that want the payer to do something.
_WAITING = frozenset({"payment_request", "payment_approval"})


class RequestNotOpen(WalletError):
    """The request was paid, declined or canceled, or its time is over: this cannot happen to it any more."""

    kind = Kind.CONFLICT
    slug = "payment-request-not-open"
    title = "This payment request is not open"


@needs_transaction
def lock_request(request_id: str, *, platform_id: str | None = None) -> PaymentRequest | None:
    """The request under its row lock, after its split's."""
    split_id = PaymentRequest.objects.filter(pk=request_id).values_list("split_id", flat=True).first()
    split = None if split_id is None else lock_split(split_id)
    rows = PaymentRequest.objects.select_related("payee_link", "payer_link", "platform").filter(pk=request_id)
    if platform_id is not None:
        rows = rows.filter(platform_id=platform_id)
    request = rows.select_for_update(of=("self",)).first()
    if request is not None:
        request.split = split
    return request


@needs_transaction
def lock_split(split_id: str, *, skip_locked: bool = False) -> Split | None:
    """The split under its row lock."""
    rows = Split.objects.select_related("platform", "payee_link").filter(pk=split_id)
    return rows.select_for_update(no_key=True, of=("self",), skip_locked=skip_locked).first()


@needs_transaction
def lock_shares(split: Split) -> list[PaymentRequest]:
    """Every share of a locked split, in their order."""
    rows = split.requests.select_related("payee_link", "payer_link", "platform")
    shares = list(rows.select_for_update(of=("self",)).order_by("position"))
    for share in shares:
        share.split = split
    return shares


@needs_transaction
def move(request: PaymentRequest, *, event: str, actor: Actor) -> None:
    """Move a locked request, with its audit row and its event."""
    before = RequestStatus(request.status)
    request.status = STATES.after(before, event)
    request.save()
    STATES.record(subject=request.id, event=event, before=before, after=RequestStatus(request.status), actor=actor)
    lay_notices_aside(request, clock.now())
    events.announce(request)
    if request.checkout is not None:
        _move_checkout(request, event=event, actor=actor)


def _move_checkout(request: PaymentRequest, *, event: str, actor: Actor) -> None:
    """A checkout follows its request, under the request's lock."""
    checkout = request.checkout
    assert checkout is not None  # for the type checker
    before = CheckoutStatus(checkout.status)
    checkout.status = CHECKOUT.after(before, event)
    checkout.save(update_fields=["status", "tip_minor"])
    CHECKOUT.record(subject=checkout.id, event=event, before=before, after=CheckoutStatus(checkout.status), actor=actor)
    events.announce_checkout(request)


@needs_transaction
def move_split(split: Split, *, event: str, actor: Actor) -> None:
    """Move a locked split, with its audit row and its event."""
    before = SplitStatus(split.status)
    split.status = SPLIT.after(before, event)
    split.save(update_fields=["status"])
    SPLIT.record(subject=split.id, event=event, before=before, after=SplitStatus(split.status), actor=actor)
    events.announce_split(split)


@needs_transaction
def lay_notices_aside(request: PaymentRequest, now: datetime, *, holder_id: str = "") -> None:
    """What waited for the payer waits no longer; for one person, or for everybody who was asked."""
    notices.lay_aside(ref=request.id, kinds=_WAITING, holder_id=holder_id, now=now)
