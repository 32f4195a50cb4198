"""`/requests`: asked of me, asked by me."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from payments.requests.models import Role
from payments.requests.views import list_sides, show_sides
from wallet.core import clock
from wallet.core.api import Audience, audience

_SHOWN = 50


@audience(Audience.HOLDER)
@login_required
@require_GET
def request_list(request: HttpRequest) -> HttpResponse:
    """Both directions, newest first; what waits for me above the rest."""
    holder_id, now = str(request.user.pk), clock.now()
    of_me = show_sides(list_sides(holder_id, Role.PAYER)[:_SHOWN], now=now)
    context = {
        "waiting": [one for one in of_me if one.is_open],
        "of_me": [one for one in of_me if not one.is_open],
        "by_me": show_sides(list_sides(holder_id, Role.PAYEE)[:_SHOWN], now=now),
    }
    return render(request, "payments/requests.html", context)
