"""`/v1/top-ups`: the holder API (contract.md)."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from payments.topups import top_ups
from payments.topups.models import TopUp, TopUpStatus
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.api import cursor_page
from wallet.core.holder_api import Answer, HolderView
from wallet.core.members import MoneyField, PublicIdField, StrictSerializer


class TopUpRequest(StrictSerializer):
    """What is asked for."""

    amount = MoneyField()
    card = PublicIdField("card", required=False, allow_null=True, default=None)


class TopUpBody(serializers.Serializer[Any]):
    """A top-up as its holder sees it."""

    id = serializers.CharField()
    status = serializers.ChoiceField(choices=[str(status) for status in TopUpStatus])
    amount = MoneyField()
    card = serializers.CharField(allow_null=True)
    checkout_url = serializers.CharField()
    created_at = serializers.DateTimeField()
    succeeded_at = serializers.DateTimeField(allow_null=True)


class TopUpPage(serializers.Serializer[Any]):
    """A page of top-ups, newest first."""

    data = TopUpBody(many=True)  # type: ignore[assignment] # DRF's base names its result so
    next_cursor = serializers.CharField(allow_null=True)


def top_up_body(top_up: TopUp) -> dict[str, Any]:
    """The JSON of a top-up."""
    return dict(
        TopUpBody(
            {
                "id": top_up.id,
                "status": top_up.status,
                "amount": top_up.amount,
                "card": top_up.card_id or None,
                "checkout_url": f"{settings.PUBLIC_URL}/top-ups/{top_up.id}/checkout",
                "created_at": top_up.created_at,
                "succeeded_at": top_up.succeeded_at,
            }
        ).data
    )


class TopUpsView(HolderView):
    """`POST` asks for one, `GET` lists them."""

    problems = {"POST": frozenset({402})}

    @extend_schema(request=TopUpRequest, responses={201: TopUpBody})
    def post(self, request: Request) -> Answer:
        """Bring money in: the answer's `checkout_url` is where the holder pays."""
        asked = self.parse(TopUpRequest, request)
        holder_id = self.holder_id(request)
        top_up = top_ups.create_top_up(
            holder_id=holder_id, amount=asked["amount"], card_id=asked["card"] or "",
            actor=Actor.holder(holder_id), now=clock.now(),
        )  # fmt: skip
        return Answer(201, top_up_body(top_up))

    @extend_schema(operation_id="list_top_ups", responses={200: TopUpPage})
    def get(self, request: Request) -> Answer:
        """Newest first."""
        rows, next_cursor = cursor_page(TopUp.objects.filter(holder_id=self.holder_id(request)), request)
        return Answer(200, {"data": [top_up_body(row) for row in rows], "next_cursor": next_cursor})


class TopUpView(HolderView):
    """One top-up."""

    @extend_schema(responses={200: TopUpBody})
    def get(self, request: Request, top_up_id: str) -> Answer:
        """Where it stands."""
        return Answer(200, top_up_body(top_ups.find_top_up(holder_id=self.holder_id(request), top_up_id=top_up_id)))
