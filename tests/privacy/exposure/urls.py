"""Routes of an imaginary platform API, and of views that try to step around the gate."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.urls import path
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.views import APIView

from privacy.exposure import gate
from privacy.exposure.api import Answer, DisclosingView
from privacy.exposure.models import Recipient
from privacy.exposure.schema import Problem
from privacy.fields import Basis, Channel, Purpose
from tests.privacy.exposure.bodies import AskBody, FindingBody, ask
from wallet.core.api import AnyCaller, Audience, audience
from wallet.core.errors import WalletError

#: What the views answer with, set by each test.
NOW: dict[str, Any] = {}


class _Platform:
    pk = ""


class _Bearer:
    """What the real authentication class puts into `request.auth`."""

    scopes = frozenset({"chat"})
    holder_id = ""

    def __init__(self, ref: str) -> None:
        self.client_id = f"client of {ref}"
        self.platform = _Platform()
        self.platform.pk = ref

    def key_owner(self) -> str:
        return self.client_id


class TestAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        ref = request.headers.get("X-Platform")
        return (object(), _Bearer(ref)) if ref else None


class Asks(DisclosingView):
    """A platform route as the rooms above write them."""

    authentication_classes = [TestAuthentication]
    permission_classes = [AnyCaller]
    scopes = {"POST": frozenset({"chat"}), "GET": frozenset({"chat"}), "DELETE": frozenset({"chat"})}
    idempotent = True
    answers = {"POST": {201: AskBody, 402: Problem}, "GET": {200: FindingBody}, "DELETE": {204: None}}
    basis = Basis.CONTRACT

    def post(self, request: Request) -> Answer:  # noqa: ARG002 - DRF's signature
        NOW["calls"] = NOW.get("calls", 0) + 1
        if isinstance(NOW.get("raises"), Exception):
            raise NOW["raises"]
        if "answer" in NOW:
            answer: Answer = NOW["answer"]
            return answer
        return Answer(AskBody, NOW["body"], NOW["subjects"], status=201)

    def get(self, request: Request) -> Answer:  # noqa: ARG002 - DRF's signature
        return Answer(FindingBody, {"found": True})

    def delete(self, request: Request) -> Answer:  # noqa: ARG002 - DRF's signature
        return Answer(None, status=204)


class Narrow(Asks):
    """Needs a scope that the test token has not."""

    scopes = {"POST": frozenset({"wallet:write"})}


class Sneaky(APIView):
    """Answers a platform with a body of its own."""

    audience = Audience.PLATFORM
    authentication_classes = []
    permission_classes = [AnyCaller]

    def get(self, request: Request) -> HttpResponse:  # noqa: ARG002 - DRF's signature
        return JsonResponse({"iban": "DE89370400440532013000"})


def _grant(recipient: Recipient) -> gate.Grant:
    return gate.disclose(
        recipient=recipient, schema=AskBody, body=ask(payer=None), subjects=NOW["subjects"], purpose=Purpose.PAYMENT,
        basis=Basis.CONTRACT, channel=Channel.API,
    )  # fmt: skip


@audience(Audience.PLATFORM)
def altered(request: HttpRequest) -> HttpResponse:
    """Gets a grant, and sends one byte more."""
    with transaction.atomic():
        grant = _grant(NOW["recipient"])
    return HttpResponse(grant.body + b" ", content_type="application/json")


@audience(Audience.PLATFORM)
def rolled_back(request: HttpRequest) -> HttpResponse:
    """Gets a grant whose transaction fails, and sends its bytes all the same."""
    with transaction.atomic():
        grant = _grant(NOW["recipient"])
        transaction.set_rollback(True)
    return gate.respond(grant)


@audience(Audience.NETWORK)
def adopted(request: HttpRequest) -> HttpResponse:
    """A deadline view: its own SQL writes the record."""
    from django.db import connection

    prepared = gate.prepare(
        recipient=NOW["recipient"], schema=AskBody, body=ask(payer=None), subjects=NOW["subjects"],
        purpose=Purpose.CARD_PAYMENT, basis=Basis.CONTRACT, channel=Channel.NETWORK,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SELECT exposure_disclose(%s)", [prepared.parameters])
    if NOW.get("adopts", True):
        gate.adopt(request, prepared.grant)
    return gate.respond(prepared.grant)


@audience(Audience.PLATFORM)
def redirecting(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect("/elsewhere?name=Alice")


@audience(Audience.PLATFORM)
def setting_a_cookie(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(b"")
    response.set_cookie("who", "alice")
    return response


@audience(Audience.PLATFORM)
def streaming(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse([b"{}"], content_type="application/json")


@audience(Audience.PLATFORM)
def failing(request: HttpRequest) -> HttpResponse:
    raise NOW["raises"]


@audience(Audience.PLATFORM)
def false_problem(request: HttpRequest) -> HttpResponse:
    """A problem with one member more."""
    from wallet.core.problems import general

    response = general(404, request)
    response.content = response.content[:-1] + b',"balance":1250}'
    return response


def undeclared(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"balance": 1})


@audience(Audience.PUBLIC)
def public(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


class Refusal(WalletError):
    """A refusal of the tests."""

    slug = "test-refusal"
    title = "No"


urlpatterns = [
    path("v1/asks", Asks.as_view()),
    path("v1/narrow", Narrow.as_view()),
    path("v1/sneaky", Sneaky.as_view()),
    path("v1/altered", altered),
    path("v1/rolled-back", rolled_back),
    path("network/adopted", adopted),
    path("v1/redirecting", redirecting),
    path("v1/cookie", setting_a_cookie),
    path("v1/streaming", streaming),
    path("v1/failing", failing),
    path("v1/false-problem", false_problem),
    path("undeclared", undeclared),
    path("public", public),
]

handler404 = "wallet.core.problems.not_found"
handler500 = "wallet.core.problems.server_error"
