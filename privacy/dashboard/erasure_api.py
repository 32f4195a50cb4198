"""`POST /v1/erasure`, `GET /v1/erasure`: leave (contract.md)."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from privacy.rights import erasing
from privacy.rights.erasing import Standing
from privacy.rights.models import ErasureStatus
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.errors import NotFound
from wallet.core.holder_api import Answer, HolderView, is_session
from wallet.core.members import MoneyField, NoMembers
from wallet.users import acts, stepup
from wallet.users.people import get_holder


class LeftShape(serializers.Serializer[Any]):
    """Money on one account."""

    free = MoneyField()
    held = MoneyField()


class NamedShape(serializers.Serializer[Any]):
    """Something that the person must know."""

    what = serializers.ChoiceField(choices=["dispute", "frozen", "shortfall", "top_up", "withdrawal"])
    amount = MoneyField(allow_null=True)
    waited_for = serializers.BooleanField()


class ErasureShape(serializers.Serializer[Any]):
    """How far it is."""

    status = serializers.ChoiceField(choices=[status.value for status in ErasureStatus])
    requested_at = serializers.DateTimeField(allow_null=True)
    done_at = serializers.DateTimeField(allow_null=True)
    left = LeftShape(many=True)
    named = NamedShape(many=True)


def show(standing: Standing) -> dict[str, Any]:
    """The standing in JSON values."""
    return {
        "status": str(standing.status) if standing.status else None,
        "requested_at": standing.requested_at,
        "done_at": standing.done_at,
        "left": [{"free": one.free.as_json(), "held": one.held.as_json()} for one in standing.left],
        "named": [
            {"what": one.what, "amount": one.amount.as_json() if one.amount else None, "waited_for": one.is_waited_for}
            for one in standing.named
        ],
    }


class ErasureView(HolderView):
    """Leave."""

    problems = {"GET": frozenset({404})}

    @extend_schema(operation_id="erase", request=NoMembers, responses={202: ErasureShape})
    def post(self, request: Request) -> Answer:
        """Links and cards end, what is left is paid out, then everything about you is destroyed, for good."""
        self.parse(NoMembers, request)
        holder_id, now = self.holder_id(request), clock.now()
        acts.may(get_holder(holder_id), acts.Act.LEAVE, now)
        if is_session(request):
            stepup.require(request._request)  # noqa: SLF001 - DRF keeps Django's request there
        erasing.request_erasure(holder_id=holder_id, actor=Actor.holder(holder_id), now=now)
        return Answer(202, show(erasing.standing(holder_id)))

    @extend_schema(operation_id="get_erasure", responses={200: ErasureShape})
    def get(self, request: Request) -> Answer:
        """How far it is, once you have asked for it."""
        standing = erasing.standing(self.holder_id(request))
        if standing.status is None:
            raise NotFound
        return Answer(200, show(standing))
