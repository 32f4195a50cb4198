"""Refunding: money goes back to the payer of a request, in whole or in parts, never more than was paid.

It comes from the payee's main account, where the payment arrived, and goes to the payer's main account whatever became
of their links (settled.md 2). Inside a mandate that allows refunds the payee's token is enough; otherwise the payee
decides on a page of the wallet's, and the platform gets the same answer for every reason.

Who paid may have left the wallet by then: there is nobody to give it to, the refund has `failed`, and the money stays
where it is, with the payee.
"""

from datetime import datetime

from django.db import transaction

from payments.platforms import links, mandates
from payments.platforms.models import Link, LinkStatus, Mandate, Platform
from payments.requests import events, sides, sightings
from payments.requests.models import REFUND, PaymentRequest, Refund, RefundStatus, RequestStatus, Role
from payments.requests.moves import lock_request
from wallet.activity import lines, notices
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.errors import Invalid, Kind, NotFound, WalletError
from wallet.core.money import Money
from wallet.core.states import WrongState
from wallet.core.transactions import needs_transaction, owns_transaction
from wallet.ledger import accounts
from wallet.ledger.refusals import InsufficientFunds
from wallet.limits.receiving import receive
from wallet.users import freezes
from wallet.users.people import is_here, is_staying

CODE = "chat_refund"
_APPROVAL = "refund_approval"


class NotRefundable(WalletError):
    """The request was not paid, or all of it has gone back already."""

    kind = Kind.CONFLICT
    slug = "payment-request-not-refundable"
    title = "There is nothing to give back"


class RefundRefused(WalletError):
    """The money cannot go back now: there is too little on the main account, or the wallet is paused."""

    kind = Kind.REFUSED
    slug = "refund-refused"
    title = "This could not be given back"

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)
        self.reason = reason


@needs_transaction
def refund_by_token(*, platform: Platform, payee_id: str, request_id: str, amount: Money | None) -> Refund:
    """Give back at once inside the mandate, or ask the payee. A new question takes the place of one that still waits.

    Raises:
        NotFound: the link has ended.
        Invalid: a request that is not this link's, or more than is left of it.
        NotRefundable: not paid, or all of it went back.
    """
    active = links.find_active(holder_id=payee_id, platform_id=platform.pk)
    link = None if active is None else links.lock_link(active.id)
    if link is None or link.status != LinkStatus.ACTIVE:
        raise NotFound
    request = lock_request(request_id, platform_id=platform.pk)
    # By the link, not the person: whoever linked anew is a stranger to what was before (settled.md 12).
    if request is None or request.payee_link_id != link.id:
        raise Invalid("must be a preq_ id that you may use", pointer="/payment_request")
    refund = _new_refund(request, link, amount)
    now = clock.now()
    actor = Actor.platform(platform.pk)
    if not is_staying(refund.payer_id):
        _end(refund, "fail", actor=actor, now=now)
        return refund
    reason = _mandate_reason(link, now)
    if not reason:
        try:
            with transaction.atomic():
                _give_back(refund, request, actor=actor, now=now)
        except RefundRefused as refused:
            reason = refused.reason
    if reason:
        _ask(refund, link, actor=actor, now=now)
    return refund


def _new_refund(request: PaymentRequest, link: Link, amount: Money | None) -> Refund:
    left = Money(request.amount_minor - request.refunded_minor, request.currency)
    if request.status != RequestStatus.PAID or not left:
        raise NotRefundable
    amount = left if amount is None else amount
    if amount.currency != left.currency:
        raise Invalid(f"must be {left.currency}, the payment's", pointer="/amount/currency")
    if left < amount:
        raise Invalid("must be at most what is left of the payment", pointer="/amount/value")
    return Refund.objects.create(
        platform=request.platform, request=request, link=link, payee_id=request.payee_id, payer_id=request.paid_by,
        amount_minor=amount.minor, currency=amount.currency,
    )  # fmt: skip


def _mandate_reason(link: Link, now: datetime) -> str:
    """Why the payee must decide, or ""."""
    mandate = Mandate.objects.get(link=link)
    reasons = {
        "approval_due": link.approval_due,
        "refunds_off": not mandate.refunds,
        "mandate_over": mandate.is_over(now),
    }
    return next((reason for reason, stands in reasons.items() if stands), "")


@needs_transaction
def _give_back(refund: Refund, request: PaymentRequest, *, actor: Actor, now: datetime) -> None:
    """The money, and everybody's word of it.

    Raises:
        RefundRefused: the transaction (or savepoint) around it is lost.
    """
    if not freezes.may_spend(refund.payee_id):
        raise RefundRefused("wallet_paused")
    try:
        receive(
            holder_id=refund.payer_id, amount=refund.amount, source=accounts.main(refund.payee_id, refund.currency),
            key=f"{CODE}:{refund.id}", code=CODE, ref=refund.id, now=now,
        )  # fmt: skip
    except InsufficientFunds:
        raise RefundRefused("not_sufficient_funds") from None
    request.refunded_minor += refund.amount_minor
    request.save(update_fields=["refunded_minor"])
    _end(refund, "succeed", actor=actor, now=now)
    events.announce_refund(refund)
    _tell(refund, request, now=now)


def _tell(refund: Refund, request: PaymentRequest, *, now: datetime) -> None:
    """A line for each of the two, and a word to the one who has money again."""
    platform = request.platform.name
    mine, theirs = (
        sides.read_side(request, Role.PAYER),
        sides.alias_on(holder_id=refund.payer_id, platform_id=request.platform_id),
    )
    name = "" if mine is None else mine.other_alias
    sightings.payee_seen(request, alias=name, note="", now=now)
    sightings.payer_seen(request, payer_id=refund.payer_id, alias=theirs, now=now)
    lines.record(
        holder_id=refund.payee_id, kind="refund_sent", direction="out", amount=refund.amount, status="done",
        ref=refund.id, counterparty=theirs, merchant=platform, now=now,
    )  # fmt: skip
    lines.record(
        holder_id=refund.payer_id, kind="refund_received", direction="in", amount=refund.amount, status="done",
        ref=refund.id, counterparty=name, merchant=platform, now=now,
    )  # fmt: skip
    facts = {"name": sides.shown_name(name, platform), "amount": refund.amount}
    notices.notify(holder_id=refund.payer_id, kind="refund_received", ref=request.id, facts=facts, now=now)


@needs_transaction
def _ask(refund: Refund, link: Link, *, actor: Actor, now: datetime) -> None:
    for older in Refund.objects.filter(request_id=refund.request_id, status=RefundStatus.REQUIRES_APPROVAL):
        _end(older, "fail", actor=actor, now=now)
    _move(refund, "ask", actor=actor)
    mandates.count_approval_asked(link=link, now=now)
    facts = {"name": link.platform.name, "amount": refund.amount}
    notices.notify(holder_id=refund.payee_id, kind=_APPROVAL, ref=refund.id, facts=facts, now=now)


def _end(refund: Refund, event: str, *, actor: Actor, now: datetime) -> None:
    refund.ended_at = now
    _move(refund, event, actor=actor)
    notices.lay_aside(ref=refund.id, kinds={_APPROVAL}, holder_id=refund.payee_id, now=now)


def _move(refund: Refund, event: str, *, actor: Actor) -> None:
    before = RefundStatus(refund.status)
    refund.status = REFUND.after(before, event)
    refund.save(update_fields=["status", "ended_at"])
    REFUND.record(subject=refund.id, event=event, before=before, after=RefundStatus(refund.status), actor=actor)


# --- The payee decides ------------------------------------------------------------------------------


def get_own(*, payee_id: str, refund_id: str) -> Refund:
    """A refund that this person is asked for, or gave.

    Raises:
        NotFound: unknown or another's.
    """
    rows = Refund.objects.select_related("request", "request__platform", "link", "platform")
    refund = rows.filter(pk=refund_id, payee_id=payee_id).first()
    if refund is None:
        raise NotFound
    return refund


@owns_transaction
def approve_refund(*, payee_id: str, refund_id: str, now: datetime) -> Refund:
    """Give it back, after the passkey. Given back already: the same refund, nothing moves again.

    Who has paid may have left meanwhile: then it fails, and the money stays.

    Raises:
        NotFound: unknown or another's.
        WrongState: refused or replaced meanwhile, or less than this is left.
        RefundRefused: too little money, or a paused wallet.
    """
    refund, request = _lock_own(payee_id, refund_id)
    if refund.status == RefundStatus.SUCCEEDED:
        return refund
    left = request.amount_minor - request.refunded_minor
    if refund.status != RefundStatus.REQUIRES_APPROVAL or refund.amount_minor > left:
        raise WrongState(state=refund.status, event="succeed")
    if not is_staying(refund.payer_id):
        _end(refund, "fail", actor=Actor.holder(payee_id), now=now)
        return refund
    _give_back(refund, request, actor=Actor.holder(payee_id), now=now)
    mandates.approved_one(link_id=refund.link_id)
    return refund


@owns_transaction
def refuse_refund(*, payee_id: str, refund_id: str, now: datetime) -> Refund:
    """Say no; what is over stays as it is.

    Raises:
        NotFound: unknown or another's.
    """
    refund, _request = _lock_own(payee_id, refund_id)
    if refund.status == RefundStatus.REQUIRES_APPROVAL:
        _end(refund, "fail", actor=Actor.holder(payee_id), now=now)
    return refund


@needs_transaction
def _lock_own(payee_id: str, refund_id: str) -> tuple[Refund, PaymentRequest]:
    found = get_own(payee_id=payee_id, refund_id=refund_id)
    links.lock_link(found.link_id)
    request = lock_request(found.request_id)
    assert request is not None  # for the type checker: a refund has one
    # Whatever happens to a refund happens under its request's lock.
    return get_own(payee_id=payee_id, refund_id=refund_id), request


def why_asked(refund: Refund, now: datetime) -> str:
    """A code for the payee's own page."""
    return _mandate_reason(refund.link, now)


def is_for_nobody(refund: Refund) -> bool:
    """Whether it did not go back and never can: whoever paid has left the wallet."""
    return refund.status != RefundStatus.SUCCEEDED and not is_here(refund.payer_id)


@links.on_end
def fail_with_link(link: Link, now: datetime) -> list[str]:
    """What waits for a payee who has left the platform is not asked any more."""
    for request_id in list(
        Refund.objects.filter(link=link, status=RefundStatus.REQUIRES_APPROVAL).values_list("request_id", flat=True)
    ):
        lock_request(request_id)
        for refund in Refund.objects.filter(request_id=request_id, status=RefundStatus.REQUIRES_APPROVAL):
            _end(refund, "fail", actor=Actor.system("link-ended"), now=now)
    return []
