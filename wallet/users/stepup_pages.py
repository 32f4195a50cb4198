"""Step-up in the browser: the two endpoints of the script, and the page for when there was no script's turn."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from wallet.core.api import Audience, audience
from wallet.users import stepup
from wallet.users.answers import object_of, script_endpoint
from wallet.users.returning import next_page, safe_page


@audience(Audience.HOLDER)
@script_endpoint
def begin(request: HttpRequest, body: Mapping[str, Any]) -> dict[str, Any]:
    """Options to ask the passkey, or word that it has just said yes."""
    binding = object_of(body, "binding") if body.get("binding") is not None else None
    if binding is None and request.user.is_authenticated and stepup.is_fresh(request):
        return {"fresh": True}
    return {"publicKey": stepup.begin(request, binding)}


@audience(Audience.HOLDER)
@script_endpoint
def finish(request: HttpRequest, body: Mapping[str, Any]) -> dict[str, Any]:
    """The passkey's answer."""
    stepup.finish(request, object_of(body, "credential"))
    return {"fresh": True, "next": safe_page(request, body.get("next"))}


@audience(Audience.HOLDER)
@login_required
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Confirm, then go back."""
    return render(request, "wallet/users/confirm.html", {"next": next_page(request, "/")})
