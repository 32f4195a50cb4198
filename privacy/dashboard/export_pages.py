"""The pages of exports: ask, watch it being written, fetch it with a passkey."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from privacy.rights import exports, kinds
from privacy.rights.models import Export, ExportStatus
from wallet.core import clock
from wallet.core.api import Audience, audience
from wallet.core.errors import NotFound
from wallet.users import stepup

#: Seconds between two looks of the page while a document is being written.
_REFRESH = "2"
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class ShownExport:
    """An export as its page shows it."""

    id: str
    is_pending: bool
    is_ready: bool
    written: int
    kinds: int
    records: int
    bytes: int
    requested_at: datetime
    expires_at: datetime | None


@audience(Audience.HOLDER)
@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """What an export holds, the last ones, and the wish for another."""
    holder_id = str(request.user.pk)
    if request.method == "POST":
        exports.request_export(holder_id=holder_id, now=clock.now())
        return HttpResponseRedirect("/privacy/export")
    shown = [_shown(row) for row in exports.list_exports(holder_id)[:_SHOWN]]
    context = {
        "exports": shown,
        "is_pending": any(one.is_pending for one in shown),
        "kinds": [str(kind.label) for kind in kinds.every()],
        "withheld": sorted({str(why) for why in kinds.WITHHELD.values()}),
    }
    response = render(request, "privacy/export.html", context)
    if context["is_pending"]:
        response["Refresh"] = _REFRESH
    return response


@audience(Audience.HOLDER)
@login_required
@never_cache
@require_POST
def download(request: HttpRequest, export_id: str) -> HttpResponse:
    """The document, after a fresh yes of the passkey: it is everything, in one file."""
    holder_id = str(request.user.pk)
    try:
        exports.get_export(holder_id=holder_id, export_id=export_id)
    except NotFound:
        raise Http404 from None
    stepup.require(request)
    try:
        document = exports.read_document(holder_id=holder_id, export_id=export_id, now=clock.now())
    except exports.ExportNotReady:
        raise Http404(_("This export cannot be fetched now.")) from None
    response = HttpResponse(document, content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{export_id}.json"'
    return response


@audience(Audience.PUBLIC)
@require_GET
def schema(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """The JSON Schema of every export."""
    return JsonResponse(exports.schema(), content_type="application/schema+json")


def _shown(export: Export) -> ShownExport:
    return ShownExport(
        id=export.id,
        is_pending=export.status == ExportStatus.PENDING,
        is_ready=export.status == ExportStatus.READY,
        written=export.written,
        kinds=export.kinds,
        records=export.records,
        bytes=export.bytes,
        requested_at=export.requested_at,
        expires_at=export.expires_at,
    )
