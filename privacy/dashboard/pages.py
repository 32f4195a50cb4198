"""The pages: who knows what about me, opening into the exact bytes."""

from http import HTTPStatus

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from privacy.consent import consents
from privacy.consent.receipts import RECEIPTS
from privacy.dashboard.exposures import line_of, sheet_of
from privacy.dashboard.front import about, front_of
from privacy.dashboard.matrix import name_of
from privacy.exposure import log, proofs, witnesses
from privacy.exposure.models import Recipient
from privacy.fields import CLASS_LABELS, FieldClass
from privacy.rights.exports import SIGNER
from wallet.core import clock
from wallet.core.api import Audience, CursorUnreadable, audience, cursor_page_of
from wallet.core.errors import NotFound
from wallet.core.ids import is_id


@audience(Audience.HOLDER)
@login_required
@never_cache
@require_GET
def dashboard(request: HttpRequest) -> HttpResponse:
    """Recipients and what each of them got, links, numbers, alarms."""
    shown = front_of(str(request.user.pk), clock.now())
    context = {"front": shown, "matrix": shown.matrix, "witnesses": witnesses.seen()}
    return render(request, "privacy/dashboard.html", context)


@audience(Audience.HOLDER)
@login_required
@never_cache
@require_GET
def recipient(request: HttpRequest, recipient_id: str) -> HttpResponse:
    """One recipient: what it knows, what it was promised, what a bank card would have told it."""
    try:
        shown = about(str(request.user.pk), recipient_id, clock.now())
    except NotFound:
        raise Http404 from None
    return render(request, "privacy/recipient.html", {"about": shown, "party": shown.party})


@audience(Audience.HOLDER)
@login_required
@never_cache
@require_GET
def exposures(request: HttpRequest) -> HttpResponse:
    """The list behind a cell of the matrix, newest first."""
    recipient_id, field = request.GET.get("recipient", ""), request.GET.get("field", "")
    if (field and field not in set(FieldClass)) or (recipient_id and not is_id(recipient_id, "rcp")):
        raise Http404
    filters = {"holder_id": str(request.user.pk), "recipient_id": recipient_id, "field_class": field}
    try:
        rows, older = cursor_page_of(
            lambda most, before: log.list_keys(most=most, before=before, **filters), request, by=("at", "id")
        )
    except CursorUnreadable:
        raise Http404 from None
    # Only a recipient that has something of mine has a name here.
    known = Recipient.objects.filter(pk=recipient_id).first() if recipient_id and rows else None
    context = {
        "lines": [line_of(row) for row in log.read(rows)],
        "older": older,
        "recipient_id": recipient_id,
        "recipient_name": name_of(known) if known else "",
        "field": field,
        "field_label": str(CLASS_LABELS[FieldClass(field)]) if field else "",
    }
    return render(request, "privacy/exposures.html", context)


@audience(Audience.HOLDER)
@login_required
@never_cache
@require_GET
def exposure(request: HttpRequest, exposure_id: str) -> HttpResponse:
    """One exposure with the exact bytes."""
    context = {"sheet": sheet_of(_mine(request, exposure_id)), "witnesses": witnesses.seen()}
    return render(request, "privacy/exposure.html", context)


@audience(Audience.HOLDER)
@login_required
@never_cache
@require_GET
def exposure_bytes(request: HttpRequest, exposure_id: str) -> HttpResponse:
    """The bytes as a file."""
    opened = _mine(request, exposure_id)
    return _download(opened.body, f"{opened.id}.json")


@audience(Audience.HOLDER)
@login_required
@never_cache
@require_GET
def proof(request: HttpRequest, exposure_id: str) -> HttpResponse:
    """The proof as a file, once there is one; the same as `GET /v1/exposures/{id}/proof`."""
    try:
        found = proofs.proof_of(holder_id=str(request.user.pk), exposure_id=exposure_id)
    except NotFound:
        raise Http404 from None
    if found is None:
        return HttpResponse(status=HTTPStatus.CONFLICT, headers={"Retry-After": "1"})
    return HttpResponse(found, content_type="text/plain; charset=utf-8")


@audience(Audience.HOLDER)
@login_required
@never_cache
@require_GET
def receipt(request: HttpRequest, consent_id: str) -> HttpResponse:
    """The signed receipt of a consent as a file."""
    try:
        found = consents.get_consent(holder_id=str(request.user.pk), consent_id=consent_id)
    except NotFound:
        raise Http404 from None
    return _download(found.receipt, f"{found.id}.json")


def _mine(request: HttpRequest, exposure_id: str) -> log.Opened:
    try:
        return log.get_exposure(holder_id=str(request.user.pk), exposure_id=exposure_id)
    except NotFound:
        raise Http404 from None


def _download(body: bytes, name: str) -> HttpResponse:
    response = HttpResponse(body, content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@audience(Audience.PUBLIC)
@require_GET
def keys(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """The public keys that receipts and exports are checked with, offline (`privacy/verify_document.py`)."""
    return JsonResponse({"keys": RECEIPTS.public_keys() + SIGNER.public_keys()})
