"""The platform's API of payment requests."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from payments.platforms.authentication import bearer_of
from payments.platforms.scopes import CHAT, LINK, PAY
from payments.requests import asking, paying
from payments.requests.asking import Wish
from payments.requests.examples import APPROVAL, ASKED, MADE, PAID
from payments.requests.models import DEFAULT_LIFE, PaymentRequest
from payments.requests.paying import PaymentNotCompleted, TapStatus
from payments.requests.schemas import (
    PayBody,
    PaymentRequestBody,
    PaymentRequestInput,
    PaymentRequestPage,
    basis_of,
    body_of,
    pay_url,
    people_of,
)
from privacy.exposure.api import Answer, DisclosingView
from privacy.exposure.schema import Problem, subjects_of_rows
from privacy.fields import Basis
from wallet.core import clock
from wallet.core.members import NoMembers
from wallet.core.requests import request_id_of


def _one(request: PaymentRequest, status: int = 200) -> Answer:
    return Answer(PaymentRequestBody, body_of(request), people_of(request), status=status, basis=basis_of(request))


def _impossible(request: Request) -> Answer:
    """A decision that refuses money is returned and kept for its key, not raised (settled.md 3)."""
    error = PaymentNotCompleted
    body = {
        "type": f"/problems/{error.slug}", "title": error.title, "status": 402,
        "detail": error.title, "instance": request_id_of(request._request),  # noqa: SLF001 - DRF keeps Django's request there
    }  # fmt: skip
    return Answer(Problem, body, {"person": bearer_of(request).holder_id}, status=402, basis=Basis.CONTRACT)


class PaymentRequestsView(DisclosingView):
    """Ask for money, and list what was asked for."""

    scopes = {"GET": frozenset({CHAT}), "POST": frozenset({CHAT})}
    idempotent = True
    request_serializer = PaymentRequestInput
    answers = {"GET": {200: PaymentRequestPage}, "POST": {201: PaymentRequestBody}}

    @extend_schema(operation_id="create_payment_request", examples=[ASKED, MADE])
    def post(self, request: Request) -> Answer:
        """Create a payment request; the payer pays with one tap or at `pay_url`."""
        values = self.parse(PaymentRequestInput, request)
        wish = Wish(
            payee=values["payee"], payer=values.get("payer"), amount=values["amount"], note=values.get("note"),
            reference=values.get("reference"), expires_in=values["expires_in"] or DEFAULT_LIFE,
            locale=values.get("locale") or "en",
        )  # fmt: skip
        return _one(asking.create_request(platform=bearer_of(request).platform, wish=wish, now=clock.now()), status=201)

    @extend_schema(operation_id="list_payment_requests")
    def get(self, request: Request) -> Answer:
        """Your payment requests, newest first."""
        rows, cursor = self.page(asking.list_requests(bearer_of(request).platform), request)
        body: dict[str, Any] = {"data": [body_of(row) for row in rows], "next_cursor": cursor}
        subjects = subjects_of_rows("/data", [people_of(row) for row in rows])
        return Answer(PaymentRequestPage, body, subjects, basis=basis_of(*rows))


class PaymentRequestView(DisclosingView):
    """One payment request of yours."""

    scopes = {"GET": frozenset({CHAT})}
    answers = {"GET": {200: PaymentRequestBody}}

    @extend_schema(operation_id="get_payment_request", examples=[MADE])
    def get(self, request: Request, request_id: str) -> Answer:
        """Read it."""
        return _one(asking.get_request(platform=bearer_of(request).platform, request_id=request_id, now=clock.now()))


class CancelPaymentRequestView(DisclosingView):
    """Take a payment request back."""

    scopes = {"POST": frozenset({CHAT})}
    idempotent = True
    request_serializer = NoMembers
    answers = {"POST": {200: PaymentRequestBody}}

    @extend_schema(operation_id="cancel_payment_request")
    def post(self, request: Request, request_id: str) -> Answer:
        """Cancel it while it is open."""
        self.parse(NoMembers, request)
        platform = bearer_of(request).platform
        return _one(asking.cancel_request(platform=platform, request_id=request_id, now=clock.now()))


class PayPaymentRequestView(DisclosingView):
    """Pay a request in the name of the person whose token it is."""

    scopes = {"POST": frozenset({LINK, PAY})}
    idempotent = True
    request_serializer = NoMembers
    answers = {"POST": {200: PayBody, 402: Problem}}

    @extend_schema(operation_id="pay_payment_request", examples=[PAID, APPROVAL])
    def post(self, request: Request, request_id: str) -> Answer:
        """One tap: paid inside the person's mandate, else `requires_approval` with the page where they decide."""
        self.parse(NoMembers, request)
        bearer = bearer_of(request)
        tap = paying.pay_by_tap(platform=bearer.platform, payer_id=bearer.holder_id, request_id=request_id)
        if tap.status is TapStatus.IMPOSSIBLE:
            return _impossible(request)
        approve_url = pay_url(request_id) if tap.status is TapStatus.REQUIRES_APPROVAL else None
        body = {"id": request_id, "status": tap.status, "approve_url": approve_url}
        return Answer(PayBody, body, {"payer": bearer.holder_id})
