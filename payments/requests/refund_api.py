"""The platform's API of refunds."""

from typing import Any, ClassVar

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from payments.platforms.authentication import bearer_of
from payments.platforms.scopes import CHAT, LINK, PAY
from payments.requests import refunding
from payments.requests.examples import REFUND_ASKED, REFUND_MADE
from payments.requests.models import Refund, RefundStatus
from payments.requests.schemas import basis_of, people_of
from privacy.exposure.api import Answer, DisclosingView
from privacy.exposure.schema import ClosedSchema, Member
from privacy.fields import FieldClass
from wallet.core.errors import NotFound
from wallet.core.members import MoneyField, PublicIdField, StrictSerializer

_BOTH = ("payee", "payer")


class RefundInput(StrictSerializer):
    """What goes back; without an amount, all that is left of the payment."""

    payment_request = PublicIdField("preq")
    amount = MoneyField(required=False, allow_null=True)


class RefundBody(ClosedSchema):
    """A refund; `approve_url` is the page on which the payee decides, while they have to."""

    id = PublicIdField("ref")
    status = serializers.ChoiceField(choices=[status.value for status in RefundStatus])
    payment_request = PublicIdField("preq")
    amount = MoneyField()
    approve_url = serializers.URLField(max_length=300, allow_null=True)
    created_at = serializers.DateTimeField()

    class Meta:
        schema = "refund"
        members: ClassVar = {
            "id": Member(FieldClass.OBJECT_ID, about=_BOTH),
            "status": Member(FieldClass.PAYMENT_STATUS, about=_BOTH),
            "payment_request": Member(FieldClass.OBJECT_ID, about=_BOTH),
            "amount": Member(FieldClass.PAYMENT_AMOUNT, about=_BOTH),
            "approve_url": Member(FieldClass.OBJECT_ID, about=("payee",)),
            "created_at": Member(FieldClass.OBJECT_TIME, about=_BOTH),
        }


def refund_body(refund: Refund) -> dict[str, Any]:
    """Every member; the same bytes for every reason why the payee has to decide."""
    waits = refund.status == RefundStatus.REQUIRES_APPROVAL
    return {
        "id": refund.id,
        "status": RefundStatus(refund.status),
        "payment_request": refund.request_id,
        "amount": refund.amount,
        "approve_url": f"{settings.PUBLIC_URL}/refunds/{refund.id}" if waits else None,
        "created_at": refund.created_at,
    }


def _one(refund: Refund, status: int = 200) -> Answer:
    request = refund.request
    return Answer(RefundBody, refund_body(refund), people_of(request), status=status, basis=basis_of(request))


class RefundsView(DisclosingView):
    """Give money back in the name of the person whose token it is."""

    scopes = {"POST": frozenset({LINK, PAY})}
    problems = {"POST": frozenset({404})}
    idempotent = True
    request_serializer = RefundInput
    answers = {"POST": {201: RefundBody}}

    @extend_schema(operation_id="create_refund", examples=[REFUND_ASKED, REFUND_MADE])
    def post(self, request: Request) -> Answer:
        """Refund a payment, in whole or in part: at once inside a mandate that allows refunds, else they approve it."""
        values, bearer = self.parse(RefundInput, request), bearer_of(request)
        refund = refunding.refund_by_token(
            platform=bearer.platform, payee_id=bearer.holder_id, request_id=values["payment_request"],
            amount=values.get("amount"),
        )  # fmt: skip
        return _one(refund, status=201)


class RefundView(DisclosingView):
    """One refund of a payment that you carried."""

    scopes = {"GET": frozenset({CHAT})}
    answers = {"GET": {200: RefundBody}}

    @extend_schema(operation_id="get_refund", examples=[REFUND_MADE])
    def get(self, request: Request, refund_id: str) -> Answer:
        """Read it."""
        rows = Refund.objects.select_related(
            "request", "request__payee_link", "request__payer_link", "request__tapped_link"
        )
        refund = rows.filter(pk=refund_id, platform=bearer_of(request).platform).first()
        if refund is None:
            raise NotFound
        return _one(refund)
