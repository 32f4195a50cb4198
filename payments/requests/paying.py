"""Paying: with one tap inside a mandate, or on the payer's own page. One effect, whoever taps how often.

A share of a split in which all pay or nobody is held first, and paid with the last one of its split.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import transaction

from cards.authorizations.charge import Charge, Held, Refused, charge_card, hold_card
from cards.authorizations.merchants import Merchant
from payments.platforms import links, mandates
from payments.platforms.models import Block, Link, LinkStatus, Platform
from payments.requests import holding, outcomes, sides, sightings
from payments.requests.asking import is_blocked
from payments.requests.holding import CODE
from payments.requests.models import PaymentRequest, RequestSide, RequestStatus, Role
from payments.requests.moves import RequestNotOpen, lay_notices_aside, lock_request, move
from wallet.activity import notices
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.errors import Kind, NotFound, WalletError
from wallet.core.money import Money
from wallet.core.transactions import needs_transaction, owns_transaction
from wallet.ledger import accounts
from wallet.ledger.refusals import InsufficientFunds
from wallet.limits import tiers
from wallet.limits.receiving import receive
from wallet.limits.regimes import Ability
from wallet.limits.windows import Limit, LimitReached, consume
from wallet.users import freezes
from wallet.users.people import is_here

#: ISO 18245: money transfer. What a person's own category rules see of a payment in chat.
_MCC = "4829"


class TapStatus(StrEnum):
    """What one tap came to."""

    PAID = "paid"
    HELD = "held"
    REQUIRES_APPROVAL = "requires_approval"
    IMPOSSIBLE = "impossible"


#: What is as good as paid, for who has approved it.
_DONE = frozenset({RequestStatus.PAID, RequestStatus.HELD})


@dataclass(frozen=True, slots=True)
class Tap:
    """The outcome; the reason is for the payer's own page and never leaves towards a platform."""

    status: TapStatus
    request: PaymentRequest


class PaymentRefused(WalletError):
    """The source that you picked cannot pay this: pick another one, or top up first."""

    kind = Kind.REFUSED
    slug = "payment-refused"
    title = "This could not be paid"

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)
        self.reason = reason


class TipRefused(WalletError):
    """A tip is for checkouts that take one, and not more than they take."""

    kind = Kind.INVALID
    slug = "tip-refused"
    title = "This tip is more than is taken here"


class PaymentNotCompleted(WalletError):
    """The payment cannot happen, and the payer's approval would not help: nobody is there to be paid."""

    kind = Kind.REFUSED
    slug = "payment-not-completed"
    title = "This payment cannot be completed"


@dataclass(frozen=True, slots=True)
class Source:
    """Where the money comes from: one of the payer's cards, or the main balance for ""."""

    card_id: str = ""


@needs_transaction
def pay_by_tap(*, platform: Platform, payer_id: str, request_id: str) -> Tap:
    """Pay from the link's card inside the mandate, or ask for approval.

    Everything that stands against it (mandate, money, a frozen card, a limit, a block) comes to the same outcome.
    What the platform learns hangs on the link alone: the person behind it may have had another one before, or may have
    paid on their own page what was asked of anybody, and neither is the platform's to know (settled.md 21).

    Raises:
        NotFound: unknown, another platform's, addressed to another link, or one's own wish for money.
        RequestNotOpen: not paid by this link, and declined, canceled, expired or paid.
    """
    active = links.find_active(holder_id=payer_id, platform_id=platform.pk)
    link = None if active is None else links.lock_link(active.id)
    if link is None or link.status != LinkStatus.ACTIVE:
        raise NotFound
    request = lock_request(request_id, platform_id=platform.pk)
    if request is None or request.payee_link_id == link.id or request.payer_link_id not in {None, link.id}:
        raise NotFound
    if request.status in _DONE and link.id in {request.payer_link_id, request.tapped_link_id}:
        return Tap(TapStatus(request.status), request)
    # Behind the locks: whoever waited for them over midnight draws on the new day (settled.md 13).
    now = clock.now()
    if not request.is_payable(now):
        raise RequestNotOpen
    if request.payee_id == payer_id:
        raise NotFound
    if not is_here(request.payee_id):
        return Tap(TapStatus.IMPOSSIBLE, request)
    if _tap_reason(request, link, now) is None:
        return Tap(TapStatus(request.status), request)
    mandates.count_approval_asked(link=link, now=now)
    _ask_for_approval(request, payer_id, now)
    return Tap(TapStatus.REQUIRES_APPROVAL, request)


@needs_transaction
def _ask_for_approval(request: PaymentRequest, payer_id: str, now: datetime) -> None:
    """Put it into the payer's inbox: once for a request, and never for an asker whom they blocked."""
    mine = outcomes.keep_payer_side(request, payer_id)
    known = notices.list_notices(payer_id).filter(ref=request.id, kind="payment_approval")
    if known.exists() or is_blocked(by=payer_id, asker=request.payee_id):
        return
    facts = {"name": sides.shown_name(mine.other_alias, request.platform.name), "amount": request.amount}
    notices.notify(holder_id=payer_id, kind="payment_approval", ref=request.id, facts=facts, now=now)


def is_addressed(request: PaymentRequest, holder_id: str) -> bool:
    """Whether this person may pay it: whom it names, or anybody but the payee where it names nobody."""
    if holder_id == request.payee_id:
        return False
    return request.payer_link is None or request.payer_link.holder_id == holder_id


def _tap_reason(request: PaymentRequest, link: Link, now: datetime) -> str | None:
    """Pay, or say why not; a refused try leaves nothing behind."""
    if link.approval_due:
        return "approval_due"
    if is_blocked(by=link.holder_id, asker=request.payee_id):
        return "blocked"
    if link.card_id is None:
        return "no_card"
    refusal = mandates.draw(link=link, amount=request.amount, now=now)
    if refusal is not None:
        return refusal
    try:
        with transaction.atomic():
            request.tapped_link = link
            actor = Actor.platform(request.platform_id)
            _carry_out(request, payer_id=link.holder_id, source=Source(link.card_id), actor=actor, now=now)
    except PaymentRefused as refused:
        mandates.give_back(link=link, amount=request.amount, used_at=now)
        request.refresh_from_db()
        return refused.reason
    return None


@needs_transaction
def _carry_out(request: PaymentRequest, *, payer_id: str, source: Source, actor: Actor, now: datetime) -> None:
    """Pay a locked request; or hold it, and with the last one pay all.

    Raises:
        PaymentRefused: the source does not do; the transaction (or savepoint) around it is lost.
    """
    if request.is_held_first:
        _hold(request, payer_id=payer_id, source=source, now=now)
        outcomes.finish_hold(request, payer_id=payer_id, actor=actor, now=now)
    else:
        _transfer(request, payer_id=payer_id, source=source, now=now)
        outcomes.finish_payment(request, payer_id=payer_id, actor=actor, now=now)
    if request.split is not None:
        outcomes.conclude(request.split, actor=actor, now=now)
        request.refresh_from_db(fields=["status", "paid_at"])


@owns_transaction
def look(*, request: PaymentRequest, payer_id: str) -> RequestSide | None:
    """The payer's own copy of a request's words; of a request for anybody, whoever holds its address may look."""
    existing = sides.read_side(request, Role.PAYER)
    if existing is not None and existing.holder_id == payer_id:
        return existing
    if request.payer_link is not None:
        return None
    return outcomes.unkept_side(request, payer_id)


def has_paid(*, payer_id: str, payee_id: str) -> bool:
    """Whether the one has paid the other before: if not, the page asks for a second look."""
    return PaymentRequest.objects.filter(paid_by=payer_id, payee_id=payee_id, status=RequestStatus.PAID).exists()


@owns_transaction
def approve_request(
    *, payer_id: str, request_id: str, source: Source, tip: Money | None = None, now: datetime
) -> PaymentRequest:
    """Pay or hold from the page, after the passkey. Done by this person already: nothing moves again.

    Raises:
        NotFound: unknown, addressed to somebody else, or one's own.
        RequestNotOpen: it cannot be paid any more.
        TipRefused: more than the checkout takes, or there is no checkout.
        PaymentRefused: the source does not do; the reason is in `reason`.
    """
    found = PaymentRequest.objects.filter(pk=request_id).values_list("platform_id", flat=True).first()
    if found is None:
        raise NotFound
    active = links.find_active(holder_id=payer_id, platform_id=found)
    if active is not None:
        links.lock_link(active.id)
    request = lock_request(request_id)
    if request is None or not is_addressed(request, payer_id):
        raise NotFound
    if request.status in _DONE and request.paid_by == payer_id:
        return request
    if not request.is_payable(now):
        raise RequestNotOpen
    if not is_here(request.payee_id):
        raise PaymentRefused("payee_gone")
    if tip:
        _add_tip(request, tip)
    _carry_out(request, payer_id=payer_id, source=source, actor=Actor.holder(payer_id), now=now)
    if active is not None:
        mandates.approved_one(link_id=active.id)
    return request


def _add_tip(request: PaymentRequest, tip: Money) -> None:
    checkout = request.checkout
    if checkout is None or checkout.max_tip < tip:
        raise TipRefused(pointer="/tip")
    checkout.tip_minor = tip.minor
    request.amount_minor = checkout.total_minor + tip.minor


@owns_transaction
def decline_request(*, payer_id: str, request_id: str, is_blocking: bool, now: datetime) -> PaymentRequest:
    """Say no on the payer's page; with a block the asker sees nothing but an expiry (settled.md 39).

    Raises:
        NotFound: unknown, addressed to somebody else, or one's own.
        RequestNotOpen: it is not open any more.
    """
    request = lock_request(request_id)
    if request is None or not is_addressed(request, payer_id):
        raise NotFound
    if is_blocking:
        Block.objects.get_or_create(holder_id=payer_id, blocked_id=request.payee_id)
    if request.status == RequestStatus.DECLINED:
        return request
    if not request.is_payable(now):
        raise RequestNotOpen
    lay_notices_aside(request, now, holder_id=payer_id)
    # Of a request for anybody, one person's no says nothing about the others.
    if request.payer_link is not None and not is_blocking:
        move(request, event="decline", actor=Actor.holder(payer_id))
        alias = sides.alias_on(holder_id=payer_id, platform_id=request.platform_id)
        sightings.payer_seen(request, payer_id=payer_id, alias=alias, now=now)
        facts = {"name": sides.shown_name(alias, request.platform.name), "amount": request.amount}
        notices.notify(holder_id=request.payee_id, kind="payment_declined", ref=request.id, facts=facts, now=now)
        if request.split is not None:
            outcomes.conclude(request.split, actor=Actor.holder(payer_id), now=now)
    return request


def people_reason(*, payer_id: str, payee_id: str, now: datetime) -> str:
    """Why the law lets these two not pay each other, or "": both tiers must allow payments between people."""
    if not tiers.may(payer_id, Ability.PAY_PEOPLE, now=now):
        return "pay_people"
    return "" if tiers.may(payee_id, Ability.PAY_PEOPLE, now=now) else "payee_unable"


def _refuse_people(request: PaymentRequest, payer_id: str, now: datetime) -> None:
    """What stands between the two, whatever the source.

    Raises:
        PaymentRefused: the law, or a pause of the payer's wallet.
    """
    if reason := people_reason(payer_id=payer_id, payee_id=request.payee_id, now=now):
        raise PaymentRefused(reason)
    if not freezes.may_spend(payer_id):
        raise PaymentRefused("wallet_paused")


def _charge(request: PaymentRequest, *, payer_id: str, card_id: str) -> Charge:
    # A platform's own card knows its platform by the link that it was made for.
    link = links.find_active(holder_id=payer_id, platform_id=request.platform_id)
    asker = request.platform_id if link is None else link.id
    return Charge(
        card_id=card_id, holder_id=payer_id, amount=request.amount,
        credit=accounts.main(request.payee_id, request.currency),
        merchant=Merchant(id=asker, name=request.platform.name, mcc=_MCC, country=""),
        key=holding.key_of(request), code=CODE, ref=request.id,
    )  # fmt: skip


@needs_transaction
def _transfer(request: PaymentRequest, *, payer_id: str, source: Source, now: datetime) -> None:
    """The money: from a card by the same decision as any payment with it, or from the main balance.

    A refusal loses the transaction (or savepoint) around it: callers let `PaymentRefused` pass.
    """
    _refuse_people(request, payer_id, now)
    if source.card_id:
        charged = charge_card(_charge(request, payer_id=payer_id, card_id=source.card_id), now=now)
        if isinstance(charged, Refused):
            raise PaymentRefused(str(charged.reason))
        return
    with _of_main():
        consume(holder_id=payer_id, limit=Limit.SPENDING, amount=request.amount, now=now)
        receive(
            holder_id=request.payee_id, amount=request.amount, source=accounts.main(payer_id, request.currency),
            key=holding.key_of(request), code=CODE, ref=request.id, now=now,
        )  # fmt: skip


@needs_transaction
def _hold(request: PaymentRequest, *, payer_id: str, source: Source, now: datetime) -> None:
    """The same, set aside where it is."""
    _refuse_people(request, payer_id, now)
    request.held_card = source.card_id
    if source.card_id:
        charge = _charge(request, payer_id=payer_id, card_id=source.card_id)
        held = hold_card(charge, until=holding.ends_at(request), now=now)
        if not isinstance(held, Held):
            raise PaymentRefused(str(held.reason))
        request.hold = held.hold
        return
    with _of_main():
        consume(holder_id=payer_id, limit=Limit.SPENDING, amount=request.amount, now=now)
        request.hold = holding.hold_main(request, payer_id=payer_id)


@contextmanager
def _of_main() -> Iterator[None]:
    try:
        yield
    except LimitReached:
        raise PaymentRefused("tier") from None
    except InsufficientFunds:
        raise PaymentRefused("not_sufficient_funds") from None
