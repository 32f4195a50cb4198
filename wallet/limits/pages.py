"""The home page: what is there, what happened last, what waits. Visitors see what this is."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from wallet.activity import lines, notices
from wallet.core import clock
from wallet.core.api import Audience, audience
from wallet.limits import parking, tiers
from wallet.limits.regimes import regime_at
from wallet.limits.wallet_view import wallet_of
from wallet.users import freezes

_LATEST = 5
_WAITING = 3


@audience(Audience.PUBLIC)
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The holder's wallet, or a short landing page."""
    if not request.user.is_authenticated:
        return render(request, "wallet/home_visitor.html")
    holder_id = str(request.user.pk)
    unread = notices.list_notices(holder_id).filter(read_at=None)
    context = {
        "wallet": wallet_of(holder_id, now=clock.now()),
        "parked": parking.waiting(holder_id),
        "lines": lines.show(lines.list_lines(holder_id)[:_LATEST]),
        "notices": notices.show(unread[:_WAITING]),
        "unread": notices.count_unread(holder_id),
        "is_paused": freezes.is_frozen(holder_id),
    }
    return render(request, "wallet/home.html", context)


@audience(Audience.HOLDER)
@login_required
@require_GET
def limits(request: HttpRequest) -> HttpResponse:
    """What each tier may do, by which law, and what is used."""
    now = clock.now()
    wallet = wallet_of(str(request.user.pk), now=now)
    context = {"wallet": wallet, "law": regime_at(now).law, "tiers": tiers.list_tiers(now=now)}
    return render(request, "wallet/limits.html", context)
