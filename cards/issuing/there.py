"""Pages of numbers that the card network keeps: its own frame shows them in the holder's browser, and we see nothing.

Only here, and only in that mode, may a page load what is not ours (settled.md 24).
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.issuing import cards, forms, number_views
from cards.issuing.models import Card
from cards.issuing.networks import NumberNotMade, network
from cards.issuing.numbers import place_name
from cards.issuing.place_numbers import Token

_SCRIPT = "https://js.stripe.com"
_API = "https://api.stripe.com"
_WALLETS = {"apple_pay": "Apple Pay", "google_pay": "Google Pay", "samsung_pay": "Samsung Pay"}
_DEVICES = {"phone": gettext_lazy("on a phone"), "watch": gettext_lazy("on a watch")}


@dataclass(frozen=True, slots=True)
class StandInView:
    """Who holds a stand-in, for the holder's eyes; `place` where it is one of a number for one place."""

    party: str
    device: str
    place: str
    since: datetime


def stand_in_views(card: Card) -> list[StandInView]:
    """Who holds a stand-in for a number of the card."""
    return [
        StandInView(
            party=_WALLETS.get(one.party, one.party), device=str(_DEVICES.get(one.device, "")), since=one.since,
            place="" if one.number_id == card.id else place_name(one.number_id),
        ) for one in network().stand_ins(card_id=card.id)
    ]  # fmt: skip


def reveal_page(request: HttpRequest, card: Card, token: Token | None = None) -> HttpResponse:
    """The page whose script asks the passkey, then the network, and then shows the network's frame."""
    view = cards.view_card(card)
    number_id = token.id if token else card.id
    try:
        name = network().name_of(number_id=number_id)
    except NumberNotMade:
        name = ""
    api = f"/v1/cards/{card.id}" + (f"/numbers/{token.id}" if token else "")
    context = {
        "card": view, "network_card": name, "key": settings.STRIPE_PUBLISHABLE_KEY, "api": f"{api}/reveal",
        "script": f"{settings.STRIPE_API_BASE or _SCRIPT}/v3/", "seconds": number_views.SHOWN_FOR,
        "away": f"/cards/{card.id}" + (f"/numbers/{token.id}" if token else ""),
        "title": _("Your number for %(name)s") % {"name": token.name} if token else _("Show the number"),
        "form": None if token else forms.RevealForm(initial={"meant_for": view.platform}),
    }  # fmt: skip
    response = render(request, "cards/reveal_there.html", context)
    base = settings.STRIPE_API_BASE
    response._csp_update = {  # type: ignore[attr-defined]  # noqa: SLF001 - django-csp's own door for views
        "script-src": [base or _SCRIPT], "frame-src": [base or _SCRIPT], "connect-src": [base or _API],
    }  # fmt: skip
    return response
