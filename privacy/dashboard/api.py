"""`GET /v1/exposures`: who got which field, when and why, with the bytes (contract.md)."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from privacy.dashboard.exposures import body_of
from privacy.exposure import log, proofs
from privacy.exposure.models import RecipientKind
from privacy.fields import Basis, Channel, FieldClass, Purpose
from wallet.core.api import cursor_page_of
from wallet.core.errors import Kind, WalletError
from wallet.core.holder_api import Answer, HolderView


class NotSealedYet(WalletError):
    """The exposure is recorded and does not stand in the sealed log yet; it will within seconds."""

    kind = Kind.CONFLICT
    slug = "not-sealed-yet"
    title = "This exposure is not sealed yet"


class RecipientBody(serializers.Serializer[log.Opened]):
    """Who got it."""

    kind = serializers.ChoiceField([str(kind) for kind in RecipientKind])
    id = serializers.CharField()
    name = serializers.CharField()


class ExposureBody(serializers.Serializer[log.Opened]):
    """One exposure."""

    id = serializers.CharField()
    at = serializers.DateTimeField()
    recipient = RecipientBody()
    fields = serializers.ListField(child=serializers.ChoiceField([str(one) for one in FieldClass]))  # type: ignore[assignment]
    purpose = serializers.ChoiceField([str(one) for one in Purpose])
    basis = serializers.ChoiceField([str(one) for one in Basis])
    channel = serializers.ChoiceField([str(one) for one in Channel])
    digest = serializers.CharField(help_text="SHA-256 of the bytes that left, in hexadecimal")
    withheld = serializers.ListField(
        child=serializers.CharField(), help_text="JSON pointers of members about somebody else; null in `body`"
    )
    sealed = serializers.BooleanField()
    leaf_index = serializers.IntegerField(allow_null=True)


class ExposureWithBody(ExposureBody):
    """One exposure with its bytes."""

    body = serializers.CharField(help_text="the exact text that left; members in `withheld` are null in it")


class ExposurePage(serializers.Serializer[log.Opened]):
    """A page of exposures, newest first."""

    data = ExposureBody(many=True)  # type: ignore[assignment]
    next_cursor = serializers.CharField(allow_null=True)


class ExposuresView(HolderView):
    """All of mine."""

    @extend_schema(operation_id="list_exposures", responses={200: ExposurePage})
    def get(self, request: Request) -> Answer:
        """Newest first."""
        mine = self.holder_id(request)
        rows, next_cursor = cursor_page_of(
            lambda most, before: log.list_keys(holder_id=mine, most=most, before=before), request, by=("at", "id")
        )
        shown = [body_of(log.open_exposure(row), with_body=False) for row in log.read(rows)]
        return Answer(200, {"data": shown, "next_cursor": next_cursor})


class ExposureView(HolderView):
    """One of mine."""

    @extend_schema(operation_id="get_exposure", responses={200: ExposureWithBody})
    def get(self, request: Request, exposure_id: str) -> Answer:
        """With the bytes."""
        opened = log.get_exposure(holder_id=self.holder_id(request), exposure_id=exposure_id)
        return Answer(200, body_of(opened, with_body=True))


class ProofView(HolderView):
    """The proof of one of mine."""

    problems = {"GET": frozenset({409})}

    @extend_schema(operation_id="get_exposure_proof", responses={(200, "text/plain"): str})
    def get(self, request: Request, exposure_id: str) -> HttpResponse:
        """A `c2sp.org/tlog-proof@v1` file, once the exposure is sealed."""
        proof = proofs.proof_of(holder_id=self.holder_id(request), exposure_id=exposure_id)
        if proof is None:
            raise NotSealedYet(retry_after=1)
        return HttpResponse(proof, content_type="text/plain; charset=utf-8")
