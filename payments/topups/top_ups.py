"""Top-ups: asked for, sent to the gateway by a worker, credited once, followed through refunds and disputes."""

from datetime import datetime, timedelta

from django.conf import settings

from cards.issuing import cards
from cards.issuing.states import CardStatus
from payments.topups import disputes, following, lots, refunds
from payments.topups.disclosures import disclose_session, record_what_was_typed
from payments.topups.gateway import Payment, PaymentState, Session, gateway
from payments.topups.models import TopUp, TopUpStatus
from wallet.core import clock, outbox
from wallet.core.actors import Actor
from wallet.core.errors import GatewayRefused, GatewayUnavailable, Invalid, Kind, NotFound, WalletError
from wallet.core.money import Money
from wallet.core.transactions import needs_transaction, owns_transaction
from wallet.ledger import accounts, transfers
from wallet.ledger.accounts import AccountKind
from wallet.ledger.transfers import Op, Transfer
from wallet.limits import receiving, windows

S = TopUpStatus

CREATE_SESSION = "topups.create_session"
LOOK = "topups.look"

#: Whoever waits for the hosted page so long has gone; the money was never asked for.
GIVE_UP_AFTER = timedelta(hours=1)
#: The shortest and the longest time between two questions about a payment that is under way.
_SOONEST, _LATEST = timedelta(minutes=2), timedelta(hours=1)


class AmountDiffers(WalletError):
    """The gateway took another amount than was asked for: nothing is credited, a person must look."""

    kind = Kind.CONFLICT
    slug = "amount-differs"
    title = "The gateway's amount differs from ours"


def find_top_up(*, holder_id: str, top_up_id: str) -> TopUp:
    """The holder's own top-up.

    Raises:
        NotFound: unknown, or another's.
    """
    top_up = TopUp.objects.filter(id=top_up_id, holder_id=holder_id).first()
    if top_up is None:
        raise NotFound
    return top_up


@owns_transaction
def create_top_up(*, holder_id: str, amount: Money, card_id: str = "", actor: Actor, now: datetime) -> TopUp:
    """Record the wish to bring money in; a worker makes the hosted page.

    `card_id` names one of the holder's cards to load with it; "" keeps the money in the main account.

    Raises:
        Invalid: the card is not the holder's, closed, or of another currency.
        wallet.limits.windows.LimitReached: the tier does not allow as much; nothing is paid.
    """
    if card_id:
        _check_card(holder_id=holder_id, card_id=card_id, currency=amount.currency)
    windows.require_room(holder_id=holder_id, amount=amount, now=now)
    top_up = TopUp.objects.create(
        holder_id=holder_id, amount_minor=amount.minor, currency=amount.currency, card_id=card_id,
        gateway=gateway().name, created_at=now,
    )  # fmt: skip
    lots.MACHINE.record(subject=top_up.id, event="create", before=S.CREATED, after=S.CREATED, actor=actor)
    disclose_session(top_up)
    outbox.enqueue(topic=CREATE_SESSION, ref=top_up.id)
    return top_up


def _check_card(*, holder_id: str, card_id: str, currency: str) -> None:
    try:
        card = cards.get_card(holder_id, card_id)
    except NotFound:
        raise Invalid("is not a card of yours", pointer="/card") from None
    if card.status == CardStatus.CLOSED:
        raise Invalid("is closed", pointer="/card")
    if card.currency != currency:
        raise Invalid("holds another currency", pointer="/card")


def make_session(*, top_up_id: str, actor: Actor, now: datetime) -> None:
    """Have the gateway make its hosted page: read, call out, record (worker).

    Raises:
        GatewayUnavailable: the outbox tries again, for an hour.
    """
    top_up = TopUp.objects.get(id=top_up_id)
    if top_up.status != S.CREATED:
        return
    try:
        session = gateway(top_up.gateway).create_session(
            reference=top_up.id, amount=top_up.amount, return_url=f"{settings.PUBLIC_URL}/top-ups/{top_up.id}"
        )
    except GatewayRefused:
        _move(top_up_id=top_up.id, event="refuse", actor=actor, failure="refused")
        return
    except GatewayUnavailable:
        # A page that is made and that nobody was led to expires by itself.
        if top_up.created_at + GIVE_UP_AFTER > now:
            raise
        _move(top_up_id=top_up.id, event="refuse", actor=actor, failure="unavailable_gateway")
        return
    _record_session(top_up_id=top_up.id, session=session, actor=actor)


@owns_transaction
def _record_session(*, top_up_id: str, session: Session, actor: Actor) -> None:
    top_up = TopUp.objects.select_for_update().get(id=top_up_id)
    if top_up.status == S.CREATED:
        top_up.session_ref, top_up.hosted_url = session.ref, session.url
        lots.advance(top_up, "session", actor)
    # Whatever was paid before we knew the session is found by looking once.
    outbox.enqueue(topic=LOOK, ref=top_up_id)


def look(*, top_up_id: str, actor: Actor, now: datetime) -> PaymentState:
    """Ask the gateway how a payment stands and apply the answer (worker; after an event, or by the poller).

    Raises:
        GatewayUnavailable: the outbox tries again.
        AmountDiffers: an alarm; nothing is credited.
    """
    top_up = TopUp.objects.get(id=top_up_id)
    if not top_up.session_ref:
        return PaymentState.OPEN
    asked_at = clock.now()
    payment = gateway(top_up.gateway).fetch(session_ref=top_up.session_ref)
    apply(top_up_id=top_up_id, payment=payment, actor=actor, now=now, asked_at=asked_at)
    return payment.state


@owns_transaction
def apply(
    *, top_up_id: str, payment: Payment, actor: Actor, now: datetime, asked_at: datetime | None = None
) -> None:  # fmt: skip
    """Bring the top-up to what the gateway says of the whole payment: state, fee, what went back, what is disputed.

    Each effect is keyed by its object, so it happens once, whatever told of it and in which order. Two workers may ask
    at the same time: the answer to the earlier question is passed over once the later one is applied.
    """
    top_up = TopUp.objects.select_for_update().get(id=top_up_id)
    asked_at = asked_at or now
    if top_up.asked_at is not None and asked_at < top_up.asked_at:
        return
    top_up.asked_at = asked_at
    top_up.save(update_fields=["asked_at"])
    if payment.reference not in {"", top_up.id}:
        raise AmountDiffers
    match payment.state:
        case PaymentState.PAID if top_up.status in lots.MACHINE.edges["pay"]:
            if payment.amount != top_up.amount:
                raise AmountDiffers
            _credit(top_up, payment, actor, now)
        case PaymentState.FAILED if top_up.status == S.PENDING:
            top_up.failure = payment.failure or "declined"
            record_what_was_typed(top_up)
            top_up.payment_ref = payment.payment_ref
            lots.advance(top_up, "fail", actor)
            lots.tell(top_up, now)
            lots.notify(top_up, now)
        case PaymentState.EXPIRED if top_up.status == S.PENDING:
            lots.advance(top_up, "expire", actor)
    if top_up.status == S.PENDING:
        patience = max(_SOONEST, min((now - top_up.created_at) // 8, _LATEST))
        TopUp.objects.filter(id=top_up.id).update(look_due_at=now + patience)
    if payment.state is PaymentState.PAID:
        _follow(top_up, payment, actor, now)


@needs_transaction
def _follow(top_up: TopUp, payment: Payment, actor: Actor, now: datetime) -> None:
    """What became of a payment after it was made."""
    if payment.fee is not None and top_up.fee_minor is None:
        _book_fee(top_up, payment.fee)
    for refund in payment.refunds:
        refunds.apply(top_up=top_up, told=refund, now=now)
    for dispute in payment.disputes:
        disputes.apply(top_up=top_up, told=dispute, now=now)
    lots.settle_state(top_up=top_up, actor=actor, now=now)
    following.follow(top_up=top_up, now=now)


@needs_transaction
def _book_fee(top_up: TopUp, fee: Money) -> None:
    if fee:
        clearing = accounts.programme(AccountKind(gateway(top_up.gateway).clearing_account), fee.currency)
        fees = accounts.programme(AccountKind.FEES, fee.currency)
        transfers.post([Transfer(Op.POST, f"{top_up.id}:fee", fees, clearing, fee, "top_up_fee", top_up.id)])
    top_up.fee_minor = fee.minor


@needs_transaction
def _credit(top_up: TopUp, payment: Payment, actor: Actor, now: datetime) -> None:
    source = accounts.programme(AccountKind(gateway(top_up.gateway).clearing_account), top_up.currency)
    received = receiving.receive(
        holder_id=top_up.holder_id, amount=top_up.amount, source=source, key=f"{top_up.id}:credit",
        code="top_up", ref=top_up.id, now=now,
    )  # fmt: skip
    record_what_was_typed(top_up)
    top_up.payment_ref, top_up.succeeded_at, top_up.failure = payment.payment_ref, now, ""
    lots.advance(top_up, "pay", actor)
    lots.tell(top_up, now)
    lots.notify(top_up, now)
    if top_up.card_id and received.credited:
        _load(top_up, received.credited, actor, now)


def _load(top_up: TopUp, amount: Money, actor: Actor, now: datetime) -> None:
    """Put the money on the chosen card; it stays in the main account when the card was closed meanwhile."""
    card = cards.get_card(top_up.holder_id, top_up.card_id)
    if card.status != CardStatus.CLOSED:
        cards.load_card(card=card, amount=amount, actor=actor, now=now, key=f"{top_up.id}:load")


@owns_transaction
def _move(*, top_up_id: str, event: str, actor: Actor, failure: str) -> None:
    top_up = TopUp.objects.select_for_update().get(id=top_up_id)
    top_up.failure = failure
    lots.advance(top_up, event, actor)
