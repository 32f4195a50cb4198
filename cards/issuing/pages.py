"""The card pages: the shelf of cards, a new one, one card with its switches, and its number for thirty seconds."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cards.issuing import cards, forms, reveals, there, uses
from cards.issuing.controls import Controls
from cards.issuing.models import Card
from cards.issuing.networks import network
from cards.issuing.number_views import number_views, show_number
from cards.issuing.states import CardStatus
from cards.vault import domains
from privacy.fields import Channel
from wallet.activity import lines
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.api import Audience, audience
from wallet.core.requests import request_id_of
from wallet.core.states import WrongState
from wallet.ledger import accounts, balances
from wallet.ledger.refusals import InsufficientFunds
from wallet.users import stepup
from wallet.users.acts import Act, may
from wallet.users.models import Holder


@audience(Audience.HOLDER)
@login_required
@require_GET
def card_list(request: HttpRequest) -> HttpResponse:
    """All cards; the closed ones apart."""
    holder_id = str(request.user.pk)
    views = cards.view_cards(cards.list_cards(holder_id), holder_id)
    context = {
        "cards": [view for view in views if view.status != CardStatus.CLOSED],
        "closed": [view for view in views if view.status == CardStatus.CLOSED],
    }
    return render(request, "cards/list.html", context)


@audience(Audience.HOLDER)
@login_required
@require_http_methods(["GET", "POST"])
def new_card(request: HttpRequest) -> HttpResponse:
    """Make a card."""
    holder = _holder(request)
    may(holder, Act.ISSUE, clock.now())
    links = [(domain.ref, domain.name) for domain in domains.list_of(holder.id)]
    form = forms.NewCardForm(request.POST or None, links=links)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        is_platform = values["kind"] == "platform"
        try:
            card = cards.issue_card(
                holder_id=holder.id, currency=values["currency"], kind=values["kind"], label=values["label"],
                link_ref=values["link"] if is_platform else None, controls=form.controls(), load=values["load"] or None,
                actor=Actor.holder(holder.id), now=clock.now(),
            )  # fmt: skip
        except InsufficientFunds:
            form.add_error("load", _("There is less than that in your wallet. Top up first, or load the card later."))
        else:
            is_made = bool(card.last4)
            messages.success(
                request, _("Your card is ready.") if is_made else _("Your card is being made. It takes a moment.")
            )
            return HttpResponseRedirect(f"/cards/{card.id}")
    return render(request, "cards/new.html", {"form": form})


@audience(Audience.HOLDER)
@login_required
@require_GET
def card_detail(request: HttpRequest, card: str) -> HttpResponse:
    """One card, its switches, and where it was used."""
    found = _own(request, card)
    return _render_card(request, found)


@audience(Audience.HOLDER)
@login_required
@require_POST
def move_money(request: HttpRequest, card: str) -> HttpResponse:
    """Load or unload, by the button that was pressed."""
    found = _own(request, card)
    form = forms.AmountForm(request.POST, currency=found.currency)
    if not form.is_valid():
        return _render_card(request, found, money=form)
    is_unload = request.POST.get("direction") == "unload"
    move = cards.unload_card if is_unload else cards.load_card
    if not is_unload:
        may(_holder(request), Act.ISSUE, clock.now())
    try:
        move(card=found, amount=form.cleaned_data["amount"], actor=_actor(request), now=clock.now())
    except InsufficientFunds:
        where = _("There is less than that on the card.") if is_unload else _("There is less than that in your wallet.")
        form.add_error("amount", where)
        return _render_card(request, found, money=form)
    except WrongState:
        messages.warning(request, _("The card is closed."))
    return HttpResponseRedirect(f"/cards/{card}")


@audience(Audience.HOLDER)
@login_required
@require_POST
def freeze(request: HttpRequest, card: str) -> HttpResponse:
    """The switch: freeze an active card, unfreeze a frozen one; pressed twice, nothing more happens."""
    found = _own(request, card)
    act = cards.freeze_card if request.POST.get("frozen") == "yes" else cards.unfreeze_card
    try:
        act(card=found, actor=_actor(request), now=clock.now())
    except WrongState:
        messages.info(request, _("It was like that already."))
    return HttpResponseRedirect(f"/cards/{card}")


@audience(Audience.HOLDER)
@login_required
@require_POST
def rules(request: HttpRequest, card: str) -> HttpResponse:
    """Change what the card may be used for."""
    found = _own(request, card)
    form = forms.RulesForm(request.POST)
    form.currency = found.currency
    if not form.is_valid():
        return _render_card(request, found, rules_form=form)
    controls = form.controls(Controls.from_json(found.controls))
    try:
        cards.change_card(card=found, label=None, controls=controls, actor=_actor(request), now=clock.now())
    except WrongState:
        messages.warning(request, _("The card is closed."))
    else:
        messages.success(request, _("The rules are changed."))
    return HttpResponseRedirect(f"/cards/{card}")


@audience(Audience.HOLDER)
@login_required
@require_http_methods(["GET", "POST"])
def close(request: HttpRequest, card: str) -> HttpResponse:
    """Ask, then close for good."""
    found = _own(request, card)
    if request.method == "POST":
        try:
            cards.close_card(card=found, actor=_actor(request), now=clock.now())
        except WrongState:
            messages.info(request, _("It was like that already."))
        else:
            messages.success(request, _("The card is closed. Its money is back in your wallet."))
        return HttpResponseRedirect("/cards")
    return render(request, "cards/close.html", {"card": cards.view_card(found)})


@audience(Audience.HOLDER)
@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def reveal(request: HttpRequest, card: str) -> HttpResponse:
    """The number, after a passkey's yes, for thirty seconds."""
    found = _own(request, card)
    holder, now = _holder(request), clock.now()
    may(holder, Act.REVEAL, now)
    if found.status == CardStatus.CLOSED:
        raise Http404
    view = cards.view_card(found)
    if network().keeps_numbers:
        return there.reveal_page(request, found)
    form = forms.RevealForm(request.POST or None, initial={"meant_for": view.platform})
    if request.method != "POST" or not form.is_valid():
        return render(request, "cards/reveal.html", {"card": view, "form": form})
    try:
        with transaction.atomic():
            stepup.require(request)
            shown = reveals.reveal_card(
                card=found, meant_for=form.cleaned_data["meant_for"], channel=Channel.PAGE,
                request_id=request_id_of(request), now=now,
            )  # fmt: skip
    except reveals.RevealLimit:
        messages.error(request, _("This number was shown too often today. Try again tomorrow."))
        return HttpResponseRedirect(f"/cards/{card}")
    return show_number(request, shown, away=f"/cards/{card}")


def _render_card(
    request: HttpRequest,
    card: Card,
    *,
    money: forms.AmountForm | None = None,
    rules_form: forms.RulesForm | None = None,
) -> HttpResponse:
    view = cards.view_card(card)
    if rules_form is None:
        rules_form = forms.RulesForm(initial=forms.rules_initial(view.controls, view.currency))
    context = {
        "card": view,
        "main": balances.available(accounts.main(card.holder_id, card.currency)),
        "money": money or forms.AmountForm(currency=card.currency),
        "rules": rules_form,
        "rules_open": rules_form.is_bound,
        "sentences": uses.in_words(view),
        "lines": lines.show(uses.list_uses(card)),
        "numbers": number_views(card, clock.now()),
        "stand_ins": there.stand_in_views(card),
    }
    is_wrong = rules_form.is_bound or (money is not None and money.is_bound)
    return render(request, "cards/detail.html", context, status=422 if is_wrong else 200)


def _own(request: HttpRequest, card: str) -> Card:
    """The asker's own card; another's is not there."""
    try:
        return cards.get_card(str(request.user.pk), card)
    except cards.CardNotFound:
        raise Http404 from None


def _holder(request: HttpRequest) -> Holder:
    if not isinstance(request.user, Holder):
        raise Http404
    return request.user


def _actor(request: HttpRequest) -> Actor:
    return Actor.holder(str(request.user.pk))
