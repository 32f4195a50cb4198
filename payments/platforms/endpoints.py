"""The OAuth endpoints for clients: token, revocation, metadata. The consent page is in `consent_page`."""

import base64
import hmac
import json
import math
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_plus

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET
from django.views.generic import View
from oauth2_provider.views.mixins import OAuthLibMixin

from payments.platforms.clients import find_client
from payments.platforms.models import Link, Platform
from payments.platforms.schemas import LinkTokenBody, OAuthErrorBody, RefreshedTokenBody, TokenBody
from payments.platforms.scopes import CHAT, LINK, PAY
from payments.platforms.validator import digest, load_access_token
from privacy.exposure import gate, recipients
from privacy.exposure.recipients import Recipient, RecipientKind
from privacy.exposure.schema import ClosedSchema
from privacy.fields import Basis, Channel, Purpose
from wallet.core import problems, throttling
from wallet.core.api import Audience, audience
from wallet.core.requests import request_id_of
from wallet.core.throttling import Bucket

_FORM = "application/x-www-form-urlencoded"


class _ClientEndpoint(OAuthLibMixin, View):
    """POST with a form, answers JSON that nobody caches; one transaction around each answer."""

    audience = Audience.PLATFORM
    #: No `DisclosingView`, because OAuthLib answers; the gate grants the bytes all the same (privacy.exposure.routes).
    discloses = True
    http_method_names = ["post"]

    @method_decorator(csrf_exempt)
    @method_decorator(sensitive_post_parameters())
    def dispatch(self, request: HttpRequest, *args: Any, **more: Any) -> HttpResponseBase:
        """Refuse what comes too often, what is no form, and parameters in the query or given twice."""
        if wait := throttling.seconds_to_wait(_buckets(request)):
            return problems.general(HTTPStatus.TOO_MANY_REQUESTS, request, retry_after=max(1, math.ceil(wait)))
        media = request.META.get("CONTENT_TYPE", "").split(";")[0].strip().lower()
        repeated = any(len(values) > 1 for _name, values in request.POST.lists())
        # A NUL in a path or a form never comes this far; one in a header would only fail in the database.
        unreadable = media != _FORM or bool(request.GET) or repeated or "\0" in _claimed_client(request)
        if request.method == "POST" and unreadable:
            return self.refuse(request, {"error": "invalid_request"})
        response = super().dispatch(request, *args, **more)
        if request.method == "POST":
            # For the log of the client's own calls: only who has proved to be it writes there.
            request.calling_client = _proved_client(request)  # type: ignore[attr-defined]
        return response

    def refuse(self, request: HttpRequest, error: dict[str, str], status: int = HTTPStatus.BAD_REQUEST) -> HttpResponse:
        """An error of RFC 6749, counted by the gate like every body without a person in it."""
        body = {"error": error["error"], "error_description": error.get("error_description")}
        with transaction.atomic():
            return self.answer(request, OAuthErrorBody, body, subjects={}, client=None, status=status)

    def answer(
        self, request: HttpRequest, schema: type[ClosedSchema], body: dict[str, Any], *,
        subjects: dict[str, str | None], client: Platform | None, status: int = HTTPStatus.OK,
    ) -> HttpResponse:  # fmt: skip
        """Through the gate, and never from a cache."""
        grant = gate.disclose(
            recipient=_recipient(client), schema=schema, body=body, subjects=subjects, purpose=Purpose.LINKING,
            basis=Basis.CONSENT if any(subjects.values()) else Basis.CONTRACT, channel=Channel.API,
            request_id=request_id_of(request),
        )  # fmt: skip
        gate.adopt(request, grant)
        response = gate.respond(grant, status=status)
        response["Cache-Control"] = "no-store"
        response["Pragma"] = "no-cache"
        if status == HTTPStatus.UNAUTHORIZED:
            response["WWW-Authenticate"] = "Basic"
        return response


def _buckets(request: HttpRequest) -> list[Bucket]:
    """Counted before anybody is looked up (P13): the address, and the client that the request says it is.

    Apart from the client's calls of the API: whoever only knows a client's id cannot use those up.
    """
    buckets = [Bucket(f"address:{throttling.address_of(request)}", 20, 40)]
    if client_id := _claimed_client(request):
        # Hashed: it is what a stranger typed.
        buckets.append(Bucket(f"token:{digest(client_id)}", 100, 200))
    return buckets


def _claimed_client(request: HttpRequest) -> str:
    return _credentials(request)[0]


def _credentials(request: HttpRequest) -> tuple[str, str]:
    """Who the request says it is, and the secret that it gives for it."""
    scheme, _space, credentials = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "basic":
        return request.POST.get("client_id", ""), request.POST.get("client_secret", "")
    try:
        name, _colon, secret = base64.b64decode(credentials).decode().partition(":")
    except ValueError:
        return "", ""
    return unquote_plus(name), unquote_plus(secret)


def _proved_client(request: HttpRequest) -> str:
    client_id, secret = _credentials(request)
    client = find_client(client_id) if secret else None
    return client_id if client is not None and hmac.compare_digest(digest(secret), client.client_secret) else ""


def _recipient(client: Platform | None) -> Recipient:
    """The client's own recipient; whoever failed to say who they are, and our own client, are `unknown`."""
    if client is not None and (found := recipients.find(RecipientKind.PLATFORM, client.pk)) is not None:
        return found
    return recipients.register(kind=RecipientKind.PLATFORM, ref="unknown", name="OAuth clients")


class TokenEndpoint(_ClientEndpoint):
    """`POST /oauth/token`: codes, client credentials, refresh."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Tokens and, for a code, the link; the handle's disclosure commits with the tokens."""
        with transaction.atomic():
            _uri, _headers, text, status = self.create_token_response(request)
            body = json.loads(text)
            if status == HTTPStatus.OK:
                return self._tokens(request, body)
        return self.refuse(request, body, status)

    def _tokens(self, request: HttpRequest, body: dict[str, Any]) -> HttpResponse:
        token = load_access_token(body["access_token"])
        assert token is not None  # for the type checker: it was made in this transaction
        subjects: dict[str, str | None] = {"credential": None}
        schema: type[ClosedSchema] = TokenBody
        if "link" in body:
            schema = LinkTokenBody
            subjects["holder"] = Link.objects.values_list("holder_id", flat=True).get(pk=body["link"])
        elif "refresh_token" in body:
            schema = RefreshedTokenBody
        return self.answer(request, schema, body, subjects=subjects, client=token.application)


class RevocationEndpoint(_ClientEndpoint):
    """`POST /oauth/revoke` (RFC 7009): ends tokens only; the link stays (settled.md 12)."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """200 without a body for any token of this client, known or not."""
        with transaction.atomic():
            _uri, _headers, text, status = self.create_revocation_response(request)
        if status != HTTPStatus.OK:
            return self.refuse(request, json.loads(text), status)
        return HttpResponse(status=HTTPStatus.OK, headers={"Cache-Control": "no-store"})


@audience(Audience.PUBLIC)
@require_GET
def metadata(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """RFC 8414: what works here, and nothing else."""
    base = settings.PUBLIC_URL
    authentication = ["client_secret_basic", "client_secret_post"]
    return JsonResponse(
        {
            "issuer": base,
            "authorization_endpoint": f"{base}/oauth/authorize",
            "token_endpoint": f"{base}/oauth/token",
            "revocation_endpoint": f"{base}/oauth/revoke",
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": [*authentication, "none"],
            "revocation_endpoint_auth_methods_supported": [*authentication, "none"],
            "scopes_supported": [CHAT, LINK, PAY],
            "authorization_response_iss_parameter_supported": True,
            "service_documentation": f"{base}/v1/docs",
        }
    )
