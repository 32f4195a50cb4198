"""The page on which somebody leaves: what ends, what is left, what stands in the way; a passkey, then the progress."""

from dataclasses import dataclass
from typing import Final

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from privacy.rights import erasing
from privacy.rights.clocks import CLOCKS
from privacy.rights.models import ErasureStatus
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.api import Audience, audience
from wallet.core.money import Money
from wallet.users import acts, stepup
from wallet.users.people import holder_of

_REFRESH = "5"
_SENTENCES: Final[dict[str, Promise]] = {
    "dispute": _("A dispute about a payment is open. What it brings after you have left cannot reach you any more."),
    "shortfall": _("You owe this wallet money. It does not hold you back."),
    "top_up": _("A top-up is on its way. It is waited for, so that your money does not come to nobody."),
    "withdrawal": _("Money is on its way to you. It is waited for, so that what a bank sends back still finds you."),
    "frozen": _("Your wallet is frozen. While it is, nothing is erased: the law can demand that."),
}
_STATES: Final[dict[ErasureStatus, Promise]] = {
    ErasureStatus.REQUESTED: _("Your links and cards are being ended."),
    ErasureStatus.PAYING_OUT: _(
        "Everything has ended. Waiting for what is still open, and for the last entry of your log."
    ),
    ErasureStatus.NEEDS_DESTINATION: _(
        "There is money left, and nowhere to send it. Take it out, and the rest goes by itself."
    ),
    ErasureStatus.DONE: _("Done."),
}


@dataclass(frozen=True, slots=True)
class Told:
    """Something that stands in the way, in words."""

    sentence: str
    amount: Money | None


@audience(Audience.HOLDER)
@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Before it was asked for: what it means. Afterwards: how far it is."""
    me, now = holder_of(request), clock.now()
    if request.method == "POST":
        acts.may(me, acts.Act.LEAVE, now)
        with transaction.atomic():
            stepup.require(request)
            erasing.request_erasure(holder_id=me.id, actor=Actor.holder(me.id), now=now)
        return HttpResponseRedirect("/privacy/leave")
    found = erasing.standing(me.id)
    context = {
        "state": str(_STATES[found.status]) if found.status else "",
        "left": found.left,
        "told": [Told(str(_SENTENCES[one.what]), one.amount) for one in found.named],
        "kept": [CLOCKS[name] for name in ("law", "ledger")],
    }
    response = render(request, "privacy/leave.html", context)
    if found.status is not None:
        response["Refresh"] = _REFRESH
    return response
