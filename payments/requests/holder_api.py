"""`GET /v1/requests?direction=`: what the holder asks for and is asked."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from payments.requests.models import RequestStatus, Role
from payments.requests.schemas import pay_url
from payments.requests.views import ShownRequest, list_sides, show_sides
from wallet.core import clock
from wallet.core.api import cursor_page
from wallet.core.errors import Invalid
from wallet.core.holder_api import Answer, HolderView
from wallet.core.members import MoneyField, PublicIdField
from wallet.core.money import Money

#: `in`: asked of me; `out`: asked by me.
_ROLES = {"in": Role.PAYER, "out": Role.PAYEE}


class RequestShape(serializers.Serializer[Any]):
    """A request as its holder sees it."""

    id = PublicIdField("preq")
    direction = serializers.ChoiceField(choices=sorted(_ROLES))
    status = serializers.ChoiceField(choices=[status.value for status in RequestStatus])
    amount = MoneyField()
    name = serializers.CharField(help_text="the other's alias on that platform")
    platform = serializers.CharField()
    note = serializers.CharField(allow_null=True)
    pay_url = serializers.URLField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True)
    refunded = MoneyField(minimum=0)


class RequestPageShape(serializers.Serializer[Any]):
    """Requests, newest first."""

    data = RequestShape(many=True)  # type: ignore[assignment]  # DRF takes declared fields off the class
    next_cursor = serializers.CharField(allow_null=True)


class RequestsView(HolderView):
    """Requests of the holder."""

    @extend_schema(
        operation_id="list_requests", responses={200: RequestPageShape},
        parameters=[
            OpenApiParameter(
                "direction", str, enum=sorted(_ROLES), description="in: asked of me (default); out: asked by me"
            ),
        ],
    )  # fmt: skip
    def get(self, request: Request) -> Answer:
        """What you are asked for, or ask for, newest first."""
        direction = request.GET.get("direction", "in")
        if direction not in _ROLES:
            raise Invalid("must be in or out", pointer="/direction")
        rows, cursor = cursor_page(list_sides(self.holder_id(request), _ROLES[direction]), request)
        shown = show_sides(rows, now=clock.now())
        return Answer(200, {"data": [_json(one, direction) for one in shown], "next_cursor": cursor})


def _json(shown: ShownRequest, direction: str) -> dict[str, Any]:
    return {
        "id": shown.id,
        "direction": direction,
        "status": shown.status,
        "amount": shown.amount.as_json(),
        "name": shown.name,
        "platform": shown.platform,
        "note": shown.note or None,
        "pay_url": pay_url(shown.id),
        "created_at": shown.created_at,
        "expires_at": shown.expires_at,
        "paid_at": shown.paid_at,
        "refunded": (shown.refunded or Money(0, shown.amount.currency)).as_json(),
    }
