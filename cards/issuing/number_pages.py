"""The pages of numbers for one place: a new one, one with what it did, the number for thirty seconds, its end."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cards.issuing import cards, place_numbers, reveals, there
from cards.issuing.models import Card
from cards.issuing.networks import network
from cards.issuing.number_forms import NewNumberForm
from cards.issuing.number_views import number_view, show_number
from cards.issuing.place_numbers import Token
from cards.issuing.states import CardKind, CardStatus
from cards.vault import domains
from privacy.fields import Channel
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.api import Audience, audience
from wallet.core.errors import Invalid
from wallet.core.requests import request_id_of
from wallet.core.states import WrongState
from wallet.users import stepup
from wallet.users.acts import Act, may
from wallet.users.people import holder_of


@audience(Audience.HOLDER)
@login_required
@require_http_methods(["GET", "POST"])
def new_number(request: HttpRequest, card: str) -> HttpResponse:
    """Make a number for one place, then go on to see it."""
    found = _open_card(request, card)
    now = clock.now()
    may(holder_of(request), Act.ISSUE, now)
    data = request.POST if request.method == "POST" else None
    form = NewNumberForm(data, links=_links(found), currency=found.currency, today=now.date())
    if form.is_valid():
        try:
            token = place_numbers.make_number(
                card=found, place=form.place(), limits=form.terms(), actor=_actor(request), now=now
            )
        except place_numbers.NumbersLimit:
            form.add_error(None, _("This card has as many numbers as it can have. End one that is not used any more."))
        except Invalid as refused:
            is_about_link = refused.pointer == "/link" and "link" in form.fields
            form.add_error("link" if is_about_link else "merchant", _("This place cannot be used."))
        else:
            return HttpResponseRedirect(f"/cards/{card}/numbers/{token.id}/reveal")
    status = 422 if form.is_bound else 200
    return render(request, "cards/number_new.html", {"card": cards.view_card(found), "form": form}, status=status)


@audience(Audience.HOLDER)
@login_required
@require_GET
def number_detail(request: HttpRequest, card: str, number: str) -> HttpResponse:
    """Whom a number is for, what it may and what it did."""
    found, token = _own_number(request, card, number)
    context = {"card": cards.view_card(found), "number": number_view(found, token, clock.now())}
    return render(request, "cards/number_detail.html", context)


@audience(Audience.HOLDER)
@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def reveal_number(request: HttpRequest, card: str, number: str) -> HttpResponse:
    """The number, after a passkey's yes, for thirty seconds."""
    found, token = _own_number(request, card, number)
    now = clock.now()
    may(holder_of(request), Act.REVEAL, now)
    if token.ended_at is not None or found.status == CardStatus.CLOSED:
        raise Http404
    if network().keeps_numbers:
        return there.reveal_page(request, found, token)
    if request.method != "POST":
        context = {"card": cards.view_card(found), "number": number_view(found, token, now)}
        return render(request, "cards/number_reveal.html", context)
    away = f"/cards/{card}/numbers/{number}"
    try:
        with transaction.atomic():
            stepup.require(request)
            shown = reveals.reveal_card(
                card=found, number_id=token.id, channel=Channel.PAGE, request_id=request_id_of(request), now=now
            )
    except reveals.RevealLimit:
        messages.error(request, _("This number was shown too often today. Try again tomorrow."))
        return HttpResponseRedirect(away)
    return show_number(request, shown, away=away, place=token.name)


@audience(Audience.HOLDER)
@login_required
@require_POST
def end_number(request: HttpRequest, card: str, number: str) -> HttpResponse:
    """End it for good; pressed twice, nothing more happens."""
    found, token = _own_number(request, card, number)
    try:
        place_numbers.end_number(card=found, number_id=token.id, actor=_actor(request), now=clock.now())
    except WrongState:
        messages.info(request, _("It was like that already."))
    else:
        messages.success(request, _("The number has ended. It works nowhere any more."))
    return HttpResponseRedirect(f"/cards/{card}")


def _own_card(request: HttpRequest, card: str) -> Card:
    """The asker's own card; another's is not there."""
    try:
        return cards.get_card(str(request.user.pk), card)
    except cards.CardNotFound:
        raise Http404 from None


def _open_card(request: HttpRequest, card: str) -> Card:
    found = _own_card(request, card)
    if found.status == CardStatus.CLOSED:
        raise Http404
    return found


def _own_number(request: HttpRequest, card: str, number: str) -> tuple[Card, Token]:
    """The asker's own card and its number; another's is not there."""
    found = _own_card(request, card)
    try:
        return found, place_numbers.get_number(found, number)
    except place_numbers.NumberNotFound:
        raise Http404 from None


def _actor(request: HttpRequest) -> Actor:
    return Actor.holder(str(request.user.pk))


def _links(card: Card) -> list[tuple[str, str]]:
    """The linked platforms that a number of this card can be for."""
    offered = domains.list_of(card.holder_id)
    return [(one.ref, one.name) for one in offered if card.kind != CardKind.PLATFORM or one.ref == card.link]
