"""`POST /v1/suggestions`: the HTTP door of `payments.detection`. Nothing is kept; the gate counts."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request

from payments.detection import ContextMessage, Finding, Intent, Message, detect
from payments.platforms.schemas import SuggestionBody, SuggestionInput
from payments.platforms.scopes import CHAT
from privacy.exposure.api import Answer, DisclosingView
from privacy.fields import Basis, Purpose
from wallet.core.money import MAX_MINOR, Money, is_offered

_ASKED = OpenApiExample(
    "A message",
    value={"text": "you owe me 20 € for the restaurant", "sender": "u1", "participants": ["u1", "u2"]},
    request_only=True,
)
_FOUND = OpenApiExample(
    "A wish for money",
    value={
        "suggestion": {
            "intent": "request_money", "amount": {"value": 2000, "currency": "EUR"}, "shares": None, "debtor": "u2",
            "creditor": "u1", "confidence": 0.97, "spans": [[0, 15]],
        }
    },
    response_only=True,
)  # fmt: skip
_NOTHING = OpenApiExample("Ordinary talk", value={"suggestion": None}, response_only=True)


class SuggestionView(DisclosingView):
    """Does this message ask for money, offer it, or propose to share a cost?"""

    scopes = {"POST": frozenset({CHAT})}
    request_serializer = SuggestionInput
    answers = {"POST": {200: SuggestionBody}}
    purpose, basis = Purpose.DETECTION, Basis.CONTRACT

    @extend_schema(operation_id="create_suggestion", examples=[_ASKED, _FOUND, _NOTHING])
    def post(self, request: Request) -> Answer:
        """Look at one message; no Idempotency-Key, because nothing happens."""
        message = _message(self.parse(SuggestionInput, request))
        return Answer(SuggestionBody, {"suggestion": _suggestion(detect(message))}, {})


def _message(values: dict[str, Any]) -> Message:
    return Message(
        text=values["text"],
        context=tuple(ContextMessage(one["sender"], one["text"]) for one in values.get("context") or ()),
        sender=values.get("sender"),
        participants=tuple(values.get("participants") or ()),
        locale=values.get("locale") or "en",
    )


def _suggestion(finding: Finding) -> dict[str, Any] | None:
    """The finding in the contract's shape; an amount that nobody here could pay is no amount."""
    if finding.intent is Intent.NONE:
        return None
    amount = None
    if finding.amount_minor is not None and finding.currency is not None and is_offered(finding.currency):
        amount = Money(finding.amount_minor, finding.currency) if 0 < finding.amount_minor <= MAX_MINOR else None
    return {
        "intent": finding.intent,
        "amount": amount,
        "shares": finding.shares,
        "debtor": finding.debtor,
        "creditor": finding.creditor,
        "confidence": round(min(max(finding.confidence, 0.0), 1.0), 3),
        "spans": [list(span) for span in finding.spans],
    }
