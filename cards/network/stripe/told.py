"""What Stripe says of payments, after it has asked or without: fetched, and ours brought to it (worker).

Each message is keyed by Stripe's object and what it says, never by the event: so events may come in any order and any
number. What each does in each state stands in `cards.authorizations.rules`.
"""

from datetime import UTC, datetime
from typing import Any

import structlog

from cards.authorizations import lifecycle, refused_there
from cards.authorizations.codes import Reason
from cards.authorizations.messages import Message, Said
from cards.authorizations.models import Authorization, NetworkMessage
from cards.authorizations.states import AuthorizationStatus, MessageKind
from cards.issuing.numbers import Vouched
from cards.network.models import IssuingNumber, WalletToken
from cards.network.stripe.asked import NETWORK, card_of, find_authorization, merchant_of, request_of
from privacy.crypto.secret import Secret
from wallet.core import outbox
from wallet.core.money import Money
from wallet.stripe.client import call

log = structlog.get_logger(__name__)

#: Stripe writes down a moment later what we have answered.
_SOON_SECONDS = 3
_OVER = frozenset({"closed", "reversed", "expired"})
#: Why Stripe says no by what it has from us: our own decision says which rule it was.
_BY_OUR_RULES = frozenset(
    {"card_canceled", "card_expired", "card_inactive", "spending_controls", "verification_failed"}
)
#: It asked, and had no answer that it takes.
_UNANSWERED = frozenset({"webhook_timeout", "webhook_error"})


def authorization(*, ref: str) -> None:
    """Bring a payment to what Stripe's authorization says: cleared, given back, or never approved there.

    One that Stripe has declined by itself is shown to its holder.

    Raises:
        Later: an answer of ours is not written down there yet.
    """
    with call("read_authorization") as stripe:
        theirs = stripe.v1.issuing.authorizations.retrieve(ref)
    for moved in sorted(theirs.transactions, key=lambda one: (one.created, one.id)):
        _apply(moved)
    known = find_authorization(ref)
    if not known and not theirs.approved and theirs.request_history:
        _note_refusal(theirs.to_dict())
        return
    ours = Authorization.objects.filter(id=known).exclude(card=None).first()
    if ours is None or ours.status != AuthorizationStatus.APPROVED:
        return
    if not theirs.approved or theirs.status in _OVER:
        _release(ours, f"{ref}:over", None)
    else:
        _lessen(ours, theirs, ref)


def transaction(*, ref: str) -> None:
    """Book a clearing or a refund, and what it means for what is held."""
    with call("read_transaction") as stripe:
        theirs = stripe.v1.issuing.transactions.retrieve(ref)
    _apply(theirs)
    if theirs.authorization:
        authorization(ref=_id(theirs.authorization))


def dispute(*, ref: str) -> None:
    """Follow a dispute with a merchant: submitted, won, lost."""
    with call("read_dispute") as stripe:
        theirs = stripe.v1.issuing.disputes.retrieve(ref, params={"expand": ["transaction"]})
    moved: Any = theirs.transaction
    if theirs.status == "unsubmitted":
        return
    _apply(moved)
    ours = find_authorization(_id(moved.authorization)) if moved.authorization else _force_post(moved.id)
    if not ours:
        return
    amount = Money(theirs.amount, theirs.currency.upper())
    lifecycle.apply_to_authorization(
        message=_message(ref, MessageKind.CHARGEBACK, theirs.amount), authorization_id=ours, said=Said(amount),
        respond=lifecycle.heard,
    )  # fmt: skip
    kind = {
        "won": MessageKind.CHARGEBACK_WON, "lost": MessageKind.CHARGEBACK_LOST, "expired": MessageKind.CHARGEBACK_LOST,
    }.get(theirs.status)  # fmt: skip
    opened = NetworkMessage.objects.get(network=NETWORK, ref=ref, kind=MessageKind.CHARGEBACK)
    if kind is not None and opened.answer["chargeback"]:
        lifecycle.apply_to_chargeback(
            message=_message(ref, kind, theirs.amount), chargeback_id=opened.answer["chargeback"],
            respond=lifecycle.heard,
        )  # fmt: skip


def token(*, ref: str, now: datetime) -> None:
    """Who holds a stand-in for which number. Of what Stripe says of device and account, the kind of device is kept."""
    with call("read_token") as stripe:
        theirs = stripe.v1.issuing.tokens.retrieve(ref)
    number = IssuingNumber.objects.filter(ref=_id(theirs.card)).first()
    if number is None:
        return
    network: Any = theirs.network_data
    device = getattr(getattr(network, "device", None), "type", None)
    WalletToken.objects.update_or_create(
        ref=ref,
        defaults={
            "number_id": number.number_id, "card_id": number.card_id, "holder_id": number.holder_id,
            "party": _party(theirs, network), "device": device if device in {"phone", "watch"} else "",
            "status": str(theirs.status), "created_at": datetime.fromtimestamp(theirs.created, UTC), "seen_at": now,
        },
    )  # fmt: skip


def _party(theirs: Any, network: Any) -> str:
    """A wallet, or the requestor by its name or number at the scheme."""
    if theirs.wallet_provider:
        return str(theirs.wallet_provider)
    for scheme in ("mastercard", "visa"):
        said = getattr(network, scheme, None)
        if said is not None:
            return str(getattr(said, "token_requestor_name", None) or f"{scheme} {said.token_requestor_id}")[:60]
    return str(theirs.network)


def _note_refusal(theirs: dict[str, Any]) -> None:
    said = theirs["request_history"][0]
    if said["reason"] == "insufficient_funds":
        # Of the programme's balance there: no fault of the holder's.
        log.error("cards.network.balance_too_low")
    reason = Reason.UNAVAILABLE if said["reason"] in _UNANSWERED else Reason.NETWORK_REFUSED
    refused_there.note(
        request=request_of(theirs, said, ""), reason=None if said["reason"] in _BY_OUR_RULES else reason,
        at=datetime.fromtimestamp(said["created"], UTC),
    )  # fmt: skip


def _apply(moved: Any) -> None:
    """A transaction of Stripe's: what it takes is negative, what it gives back is not."""
    is_taken, minor = moved.amount < 0, abs(moved.amount)
    amount = Money(minor, moved.currency.upper())
    ours = find_authorization(_id(moved.authorization)) if moved.authorization else ""
    has_card = ours and Authorization.objects.filter(id=ours).exclude(card=None).exists()
    if moved.type == "refund" and is_taken and has_card:
        kind = MessageKind.REFUND_REVERSAL
    elif is_taken:
        kind = MessageKind.CAPTURE if has_card else MessageKind.FORCE_POST
    else:
        kind = MessageKind.REFUND
    message = _message(moved.id, kind, moved.amount)
    if has_card:
        lifecycle.apply_to_authorization(
            message=message, authorization_id=ours, said=Said(amount), respond=lifecycle.heard
        )
        return
    lifecycle.apply_to_number(
        message=message, presented=Vouched(Secret(card_of(_id(moved.card)))),
        merchant=merchant_of(moved.merchant_data), said=Said(amount), respond=lifecycle.heard,
    )  # fmt: skip


def _lessen(ours: Authorization, theirs: Any, ref: str) -> None:
    """Give back what Stripe no longer holds, once it has written down all that we have answered."""
    increments = NetworkMessage.objects.filter(
        network=NETWORK, ref__startswith=f"{ref}:", kind=MessageKind.INCREMENT, authorization_id=ours.id
    )
    if len(theirs.request_history) <= increments.count():
        raise outbox.Later(_SOON_SECONDS)
    surplus = ours.authorized_minor - ours.reversed_minor - theirs.amount
    if surplus > 0:
        amount = Money(min(surplus, ours.held_minor), ours.currency)
        _release(ours, f"{ref}:{ours.reversed_minor}:{theirs.amount}", amount)


def _release(ours: Authorization, key: str, amount: Money | None) -> None:
    message = _message(key, MessageKind.REVERSAL, amount.minor if amount else 0)
    lifecycle.apply_to_authorization(
        message=message, authorization_id=ours.id, said=Said(amount), respond=lifecycle.heard
    )


def _force_post(ref: str) -> str:
    """The row that was made for a clearing without an authorization."""
    posted = NetworkMessage.objects.filter(network=NETWORK, ref=ref, kind=MessageKind.FORCE_POST)
    return posted.values_list("authorization_id", flat=True).first() or ""


def _message(ref: str, kind: MessageKind, minor: int) -> Message:
    return Message(NETWORK, ref, kind, {"ref": ref, "amount": minor}, "")


def _id(thing: Any) -> str:
    """An id, whether the object was expanded or not."""
    return str(thing if isinstance(thing, str) else thing.id)
