"""`POST /v1/exports`, `GET /v1/exports/{id}`: take out everything (contract.md)."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from privacy.rights import exports
from privacy.rights.models import Export, ExportStatus
from wallet.core import clock
from wallet.core.holder_api import Answer, HolderView
from wallet.core.members import NoMembers, PublicIdField


class ExportShape(serializers.Serializer[Any]):
    """How far an export has got."""

    id = PublicIdField("exp")
    status = serializers.ChoiceField(choices=[status.value for status in ExportStatus])
    written = serializers.IntegerField(help_text="kinds of data that are written")
    kinds = serializers.IntegerField(help_text="kinds of data in all")
    records = serializers.IntegerField()
    bytes = serializers.IntegerField()
    requested_at = serializers.DateTimeField()
    ready_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    page = serializers.CharField(help_text="where the holder fetches it, signed in and after their passkey")


def show(export: Export) -> dict[str, Any]:
    """The export in JSON values; never the document, which is fetched on the page alone."""
    return {
        "id": export.id,
        "status": export.status,
        "written": export.written,
        "kinds": export.kinds,
        "records": export.records,
        "bytes": export.bytes,
        "requested_at": export.requested_at,
        "ready_at": export.ready_at,
        "expires_at": export.expires_at,
        "page": "/privacy/export",
    }


class ExportsView(HolderView):
    """Ask for everything."""

    @extend_schema(operation_id="create_export", request=NoMembers, responses={202: ExportShape})
    def post(self, request: Request) -> Answer:
        """A document with everything the wallet holds about you; while one is being written, it is that one."""
        self.parse(NoMembers, request)
        return Answer(202, show(exports.request_export(holder_id=self.holder_id(request), now=clock.now())))


class ExportView(HolderView):
    """One export of yours."""

    @extend_schema(operation_id="get_export", responses={200: ExportShape})
    def get(self, request: Request, export_id: str) -> Answer:
        """How far it has got."""
        return Answer(200, show(exports.get_export(holder_id=self.holder_id(request), export_id=export_id)))
