"""The acquirer's side of the sandbox network over HTTP: plain views, the shortest way to a decision."""

import hmac
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from cards.authorizations import authorize as asking
from cards.authorizations import lifecycle
from cards.authorizations.messages import Message, Said
from cards.authorizations.states import MessageKind
from cards.network.sandbox import bodies
from privacy.crypto.secret import forgets_locals
from privacy.exposure import gate
from privacy.exposure.gate import Grant
from wallet.core import problems
from wallet.core.api import Audience, MediaTypeUnsupported, audience
from wallet.core.bodies import parse_json
from wallet.core.errors import Kind, WalletError
from wallet.core.ids import is_id
from wallet.core.members import StrictSerializer, validated
from wallet.core.requests import request_id_of

NETWORK = "sandbox"


class NetworkKeyWrong(WalletError):
    """The network's key is missing or wrong."""

    kind = Kind.UNAUTHENTICATED
    slug = "network-key"
    title = "The card network's key is needed"


class MethodWrong(WalletError):
    """Messages are sent with POST."""

    kind = Kind.NOT_FOUND
    slug = "not-found"
    title = "There is nothing here"


def is_network(request: HttpRequest) -> bool:
    """Whether the request carries the network's key, compared in constant time."""
    scheme, _space, given = request.headers.get("Authorization", "").partition(" ")
    key = settings.SANDBOX_NETWORK_KEY
    matches = hmac.compare_digest(given.strip().encode(), key.encode())
    return bool(key) and scheme.lower() == "bearer" and matches


View = Callable[..., HttpResponse]


def _message(serializer: type[StrictSerializer]) -> Callable[[Callable[..., Grant]], View]:
    """Verify who asks, read the body, and answer with the grant or with a problem."""

    def wrap(handle: Callable[..., Grant]) -> View:
        @forgets_locals
        def answer(request: HttpRequest, path: dict[str, str]) -> Grant:
            body, values = _read(request, serializer)
            return handle(request, {**path, **body}, values, **path)

        @csrf_exempt
        @audience(Audience.NETWORK)
        @wraps(handle)
        def view(request: HttpRequest, **path: str) -> HttpResponse:
            try:
                grant = answer(request, path)
            except Exception as error:  # noqa: BLE001 - every failure is answered as a problem
                return problems.from_exception(error, request)
            gate.adopt(request, grant)
            return gate.respond(grant)

        return view

    return wrap


def _read(request: HttpRequest, serializer: type[StrictSerializer]) -> tuple[dict[str, Any], dict[str, Any]]:
    if not settings.SANDBOX:
        raise Http404
    if not is_network(request):
        raise NetworkKeyWrong
    if request.method != "POST":
        raise MethodWrong
    if request.content_type != "application/json":
        raise MediaTypeUnsupported
    body = parse_json(request.body)
    return body, validated(serializer, body)


def _about(
    request: HttpRequest, kind: MessageKind, body: dict[str, Any], values: dict[str, Any], authorization: str
) -> Grant:
    """One message about the authorization that the path or the body names."""
    if not is_id(authorization, "auth"):
        raise lifecycle.AuthorizationNotFound
    sequence, parts = values.get("sequence") or 0, values.get("of") or 0
    message = Message(NETWORK, values["network_ref"], kind, body, request_id_of(request), sequence)
    said = Said(values["amount"], is_final=values.get("final", False), parts=parts)
    return lifecycle.apply_to_authorization(
        message=message, authorization_id=authorization, said=said, respond=lifecycle.answered
    )


def _unasked(request: HttpRequest, kind: MessageKind, body: dict[str, Any], values: dict[str, Any]) -> Grant:
    """One message about a number."""
    return lifecycle.apply_to_number(
        message=Message(NETWORK, values["network_ref"], kind, body, request_id_of(request)),
        presented=bodies.presented(values),
        merchant=bodies.merchant_of(values),
        said=Said(values["amount"]),
        respond=lifecycle.answered,
    )


def _outcome(
    request: HttpRequest, kind: MessageKind, body: dict[str, Any], values: dict[str, Any], chargeback: str
) -> Grant:
    """One message about a chargeback."""
    if not is_id(chargeback, "cbk"):
        raise lifecycle.ChargebackNotFound
    message = Message(NETWORK, values["network_ref"], kind, body, request_id_of(request))
    return lifecycle.apply_to_chargeback(message=message, chargeback_id=chargeback, respond=lifecycle.answered)


@_message(bodies.AuthorizationBody)
def authorizations(request: HttpRequest, body: dict[str, Any], values: dict[str, Any]) -> Grant:
    """May this card pay?"""
    return asking.authorize(
        asking.Request(
            network=NETWORK, ref=values["network_ref"], presented=bodies.presented(values), amount=values["amount"],
            merchant=bodies.merchant_of(values), is_partial=values["partial"], entry=values["entry"], body=body,
            request_id=request_id_of(request),
        )
    )  # fmt: skip


@_message(bodies.IncrementBody)
def increments(request: HttpRequest, body: dict[str, Any], values: dict[str, Any], authorization: str) -> Grant:
    """Hold more."""
    return _about(request, MessageKind.INCREMENT, body, values, authorization)


@_message(bodies.ReversalBody)
def reversals(request: HttpRequest, body: dict[str, Any], values: dict[str, Any], authorization: str) -> Grant:
    """Give back what is held."""
    return _about(request, MessageKind.REVERSAL, body, values, authorization)


@_message(bodies.CaptureBody)
def captures(request: HttpRequest, body: dict[str, Any], values: dict[str, Any], authorization: str) -> Grant:
    """Clear."""
    return _about(request, MessageKind.CAPTURE, body, values, authorization)


@_message(bodies.ForcePostBody)
def force_posts(request: HttpRequest, body: dict[str, Any], values: dict[str, Any]) -> Grant:
    """Clear without having asked."""
    return _unasked(request, MessageKind.FORCE_POST, body, values)


@_message(bodies.RefundBody)
def refunds(request: HttpRequest, body: dict[str, Any], values: dict[str, Any]) -> Grant:
    """Give money back."""
    if values["authorization"] is None:
        return _unasked(request, MessageKind.REFUND, body, values)
    lifecycle.require_authorization(values["authorization"])
    return _about(request, MessageKind.REFUND, body, values, values["authorization"])


@_message(bodies.RefundReversalBody)
def refund_reversals(request: HttpRequest, body: dict[str, Any], values: dict[str, Any], authorization: str) -> Grant:
    """Take a refund back."""
    return _about(request, MessageKind.REFUND_REVERSAL, body, values, authorization)


@_message(bodies.ChargebackBody)
def chargebacks(request: HttpRequest, body: dict[str, Any], values: dict[str, Any], authorization: str) -> Grant:
    """Dispute what was cleared."""
    return _about(request, MessageKind.CHARGEBACK, body, values, authorization)


@_message(bodies.OutcomeBody)
def chargebacks_won(request: HttpRequest, body: dict[str, Any], values: dict[str, Any], chargeback: str) -> Grant:
    """The merchant gives it back."""
    return _outcome(request, MessageKind.CHARGEBACK_WON, body, values, chargeback)


@_message(bodies.OutcomeBody)
def chargebacks_lost(request: HttpRequest, body: dict[str, Any], values: dict[str, Any], chargeback: str) -> Grant:
    """The merchant was right."""
    return _outcome(request, MessageKind.CHARGEBACK_LOST, body, values, chargeback)
