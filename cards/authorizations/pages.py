"""The page that tries rules on a card's last payments before they are kept."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from cards.authorizations.rehearsal import rehearse
from cards.issuing import cards, forms
from cards.issuing.controls import Controls
from wallet.activity import words
from wallet.core.api import Audience, audience


@audience(Audience.HOLDER)
@login_required
@require_POST
def try_rules(request: HttpRequest, card: str) -> HttpResponse:
    """What these rules would have done; nothing is changed."""
    try:
        found = cards.get_card(str(request.user.pk), card)
    except cards.CardNotFound:
        raise Http404 from None
    form = forms.RulesForm(request.POST)
    form.currency = found.currency
    context = {"card": cards.view_card(found), "rules": form}
    if not form.is_valid():
        return render(request, "cards/rehearsal.html", context, status=422)
    rehearsal = rehearse(card=found, controls=form.controls(Controls.from_json(found.controls)))
    blocked = [(one, words.reason(one.reason)) for one in rehearsal.blocked]
    return render(request, "cards/rehearsal.html", {**context, "rehearsal": rehearsal, "blocked": blocked})
