"""What the network says after an authorization, and without one. Every message in every state has a result (A01).

Three doors, by what a message names: an authorization, a number, a chargeback. `rules` says what is done, `effects`
how.
A message is applied once. Nothing here asks whether the card is active: what was approved settles, also on a frozen or
a closed card (settled.md 1).
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.db import IntegrityError, connection

from cards.authorizations import answers, books
from cards.authorizations.answers import ChargebackBody, ResultBody
from cards.authorizations.books import Book
from cards.authorizations.effects import OF_NOBODY, ON_BOOK
from cards.authorizations.merchants import Merchant
from cards.authorizations.messages import Message, Outcome, Said, body_hash, same_body
from cards.authorizations.models import Authorization, Chargeback, NetworkMessage
from cards.authorizations.rules import ABOUT, OUTCOME, UNASKED, Number
from cards.authorizations.states import AuthorizationStatus, ChargebackStatus, MessageKind, Result
from cards.issuing.cards import lock_card
from cards.issuing.numbers import Evidence
from privacy.exposure.gate import Grant
from wallet.core import clock, outbox
from wallet.core.errors import Invalid, NotFound
from wallet.core.money import Money
from wallet.core.transactions import owns_transaction

_OF_CHARGEBACKS = frozenset({MessageKind.CHARGEBACK, *OUTCOME})


T = TypeVar("T")
#: Message, merchant, authorization's id or "", and what came of it → what the caller wants.
Respond = Callable[[Message, Merchant, str, Mapping[str, Any]], T]


class AuthorizationNotFound(NotFound):
    """There is no such authorization."""


class ChargebackNotFound(NotFound):
    """There is no such chargeback."""


def apply_to_authorization(
    *, message: Message, authorization_id: str, said: Said, respond: Respond[T]
) -> T:  # fmt: skip
    """What is said about an authorization: increment, reversal, capture, refund, its reversal, chargeback.

    `respond` says in the same transaction what the network is told: `answered`, or nothing (`heard`).

    Raises:
        AuthorizationNotFound: there is none, or it was for a number that is nobody's.
        Invalid: another currency than the authorization's.
        MessageReused: the reference came before with another body.
    """
    payment = _get(authorization_id)
    if said.amount is not None and said.amount.currency != payment.currency:
        raise Invalid(f"must be {payment.currency}", pointer="/amount/currency")

    def effect() -> Outcome:
        book = Book.open(message, str(payment.card_id), payment.id)
        rule = ABOUT[message.kind][AuthorizationStatus(book.authorization.status)]
        ON_BOOK[rule.effect](book, said, rule)
        return book.post()

    return _once(message, books.merchant_of(payment), effect, respond)


def apply_to_number(
    *, message: Message, presented: Evidence, merchant: Merchant, said: Said, respond: Respond[T]
) -> T:  # fmt: skip
    """What is said about a number without an authorization: force post, refund.

    Raises:
        MessageReused: the reference came before with another body.
    """
    amount = said.amount
    if amount is None:
        raise Invalid("is needed", pointer="/amount")

    def effect() -> Outcome:
        found = _find(presented)
        rule = UNASKED[message.kind][Number.NOBODYS if found is None else Number.KNOWN]
        if found is None:
            return OF_NOBODY[rule.effect](message, amount, rule)
        book = Book.open(message, found[0], _unasked(message.kind, found, amount, merchant))
        ON_BOOK[rule.effect](book, said, rule)
        return book.post()

    return _once(message, merchant, effect, respond)


def apply_to_chargeback(*, message: Message, chargeback_id: str, respond: Respond[T]) -> T:
    """How a dispute ends: won or lost.

    Raises:
        ChargebackNotFound: there is none.
        MessageReused: the reference came before with another body.
    """
    found = Chargeback.objects.filter(id=chargeback_id).select_related("authorization").first()
    if found is None:
        raise ChargebackNotFound
    payment = found.authorization

    def effect() -> Outcome:
        book = Book.open(message, str(payment.card_id), payment.id)
        book.chargeback = Chargeback.objects.get(id=found.id)
        rule = OUTCOME[message.kind][ChargebackStatus(book.chargeback.status)]
        ON_BOOK[rule.effect](book, Said(None), rule)
        return book.post()

    return _once(message, books.merchant_of(payment), effect, respond)


def require_authorization(authorization_id: str) -> None:
    """Refuse an authorization that a body names and nobody knows: a value that is not valid (settled.md 27).

    Raises:
        Invalid: there is none.
    """
    try:
        _get(authorization_id)
    except NotFound:
        raise Invalid("is not an authorization of this network", pointer="/authorization") from None


def _get(authorization_id: str) -> Authorization:
    found = Authorization.objects.filter(id=authorization_id).exclude(card=None).first()
    if found is None:
        raise AuthorizationNotFound
    return found


def _find(presented: Evidence) -> tuple[str, str] | None:
    """The card and the number, also after that was shredded."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT card_id, number_id FROM vault_find(%s)", [presented.index()])
        row: tuple[str, str] | None = cursor.fetchone()
    return row


def _unasked(kind: MessageKind, found: tuple[str, str], amount: Money, merchant: Merchant) -> str:
    """A row for what nobody was asked about, so that it shows and can be given back."""
    card_id, number_id = found
    card = lock_card(card_id)
    cleared = amount.minor if kind == MessageKind.FORCE_POST else 0
    row = Authorization(
        card=card, number=number_id, holder_id=card.holder_id, status=AuthorizationStatus.CAPTURED,
        currency=amount.currency, requested_minor=cleared, captured_minor=cleared, mcc=merchant.mcc,
        country=merchant.country, entry="force_post", response_code="", decided_at=clock.now(),
    )  # fmt: skip
    row.merchant = merchant.as_json()
    row.save(force_insert=True)
    return row.id


def _once(message: Message, merchant: Merchant, effect: Callable[[], Outcome], respond: Respond[T]) -> T:
    answers.recipient_of(merchant)
    digest = body_hash(message.body)
    try:
        return _apply(message, digest, merchant, effect, respond)
    except IntegrityError as error:
        # The same message on another worker came first; the constraint's name is all that the error may tell.
        if "networkmessage_once" not in str(error):
            raise
        return _apply(message, digest, merchant, effect, respond)


@owns_transaction
def _apply(
    message: Message, digest: bytes, merchant: Merchant, effect: Callable[[], Outcome], respond: Respond[T]
) -> T:  # fmt: skip
    seen = NetworkMessage.objects.filter(
        network=message.network, ref=message.ref, kind=message.kind, sequence=message.sequence
    ).first()
    if seen is not None:
        same_body(bytes(seen.body_hash), message.body)
        answer = {**seen.answer, "result": str(Result.DUPLICATE)}
        return respond(message, merchant, seen.authorization_id, answer)
    outcome = effect()
    answer = _answer(message, outcome)
    authorization_id = outcome.authorization_id or ""
    NetworkMessage.objects.create(
        network=message.network, ref=message.ref, kind=message.kind, sequence=message.sequence, body_hash=digest,
        authorization_id=authorization_id, answer=answer, at=clock.now(),
    )  # fmt: skip
    if authorization_id:
        outbox.enqueue(topic="cards.authorization", ref=authorization_id, payload={"event": str(message.kind)})
    return respond(message, merchant, authorization_id, answer)


def _answer(message: Message, outcome: Outcome) -> dict[str, Any]:
    of_chargebacks = {"chargeback": outcome.chargeback_id} if message.kind in _OF_CHARGEBACKS else {}
    return {
        "result": str(outcome.result),
        **of_chargebacks,
        "authorization": outcome.authorization_id,
        "held": outcome.held.as_json(),
        "captured": outcome.captured.as_json(),
    }


def answered(message: Message, merchant: Merchant, authorization_id: str, answer: Mapping[str, Any]) -> Grant:
    """The answer to the one who asked, written down."""
    holder_id = holder_of(authorization_id)
    schema = ChargebackBody if message.kind in _OF_CHARGEBACKS else ResultBody
    return answers.disclose(
        schema=schema, body=answer, merchant=merchant, holder_id=holder_id, request_id=message.request_id
    )


def heard(_message: Message, _merchant: Merchant, _authorization_id: str, answer: Mapping[str, Any]) -> str:
    """Nobody waits for an answer: what came of it."""
    return str(answer["result"])


def holder_of(authorization_id: str) -> str | None:
    """Whose payment it is, if it is one."""
    return Authorization.objects.filter(id=authorization_id).values_list("holder_id", flat=True).first()


__all__ = [
    "AuthorizationNotFound",
    "ChargebackNotFound",
    "Message",
    "Said",
    "answered",
    "apply_to_authorization",
    "apply_to_chargeback",
    "apply_to_number",
    "heard",
    "holder_of",
    "require_authorization",
]  # fmt: skip
