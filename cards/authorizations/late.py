"""A yes that was committed too late to be said: the network has heard no, so nothing may stay held (A04)."""

from collections.abc import Mapping
from typing import Any

from cards.authorizations.books import Book
from cards.authorizations.codes import RESPONSE_CODE, Reason
from cards.authorizations.effects import ON_BOOK
from cards.authorizations.messages import Message, Said
from cards.authorizations.models import Authorization
from cards.authorizations.rules import ABOUT
from cards.authorizations.states import AuthorizationStatus, MessageKind
from wallet.core import outbox
from wallet.core.transactions import needs_transaction

_NO: Mapping[str, Any] = {
    "approved": False, "response_code": RESPONSE_CODE[Reason.UNAVAILABLE], "authorization": None,
    "approved_amount": None,
}  # fmt: skip


@needs_transaction
def take_back(*, network: str, ref: str, authorization_id: str) -> Mapping[str, Any]:
    """Release all of it, as a reversal by the network would; the answer that is given instead."""
    row = Authorization.objects.get(id=authorization_id)
    # Nothing is written under this message's key: it is ours, and names the transfers alone.
    message = Message(network, f"late:{ref}", MessageKind.REVERSAL, {}, "")
    book = Book.open(message, str(row.card_id), authorization_id)
    rule = ABOUT[MessageKind.REVERSAL][AuthorizationStatus(book.authorization.status)]
    ON_BOOK[rule.effect](book, Said(None), rule)
    book.post()
    Authorization.objects.filter(id=authorization_id).update(
        reason=Reason.UNAVAILABLE, response_code=RESPONSE_CODE[Reason.UNAVAILABLE]
    )
    outbox.enqueue(topic="cards.authorization", ref=authorization_id, payload={"event": "late"})
    return _NO


def as_it_stands(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a message that comes again is answered: as the first time, or no if that was taken back."""
    is_taken_back = answer["approved"] and Authorization.objects.filter(
        id=answer["authorization"], reason=Reason.UNAVAILABLE
    ).exists()  # fmt: skip
    return _NO if is_taken_back else answer
