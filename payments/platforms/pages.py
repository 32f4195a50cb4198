"""Pages of links: who is linked, what each may do, and the button that ends it."""

import json
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django.views.generic import View

from cards.issuing.cards import CardNotFound, get_card
from payments.platforms import links, mandates
from payments.platforms.forms import MandateForm
from payments.platforms.models import Link, LinkStatus, Mandate
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.api import Audience, audience
from wallet.core.errors import NotFound
from wallet.core.money import Money
from wallet.users import stepup


@dataclass(frozen=True, slots=True)
class ShownLink:
    """A link as its page shows it."""

    id: str
    platform: str
    alias: str
    is_active: bool
    card: str
    card_id: str
    one_tap: bool
    per_payment: Money
    per_day: Money
    used_today: Money
    approval_due: bool
    since: datetime
    ended_at: datetime | None
    agreed: tuple["Agreed", ...]


@dataclass(frozen=True, slots=True)
class Agreed:
    """What was agreed to at one time: the literal document, and its receipt."""

    id: str
    version: int
    since: datetime
    until: datetime | None
    literal: str


def _agreed(link: Link) -> tuple[Agreed, ...]:
    return tuple(
        Agreed(one.id, one.version, one.given_at, one.withdrawn_at, _indented(one.document))
        for one in links.list_consents(link)
    )


def _indented(document: bytes) -> str:
    return json.dumps(json.loads(document), indent=2, ensure_ascii=False)


def _shown(link: Link, *, with_agreed: bool = False) -> ShownLink:
    mandate, today = link.mandate, clock.now().date()
    return ShownLink(
        id=link.id,
        platform=link.platform.name,
        alias=link.alias,
        is_active=link.status == LinkStatus.ACTIVE,
        card=_card_name(link),
        card_id=link.card_id or "",
        one_tap=mandate.one_tap and not mandate.is_over(clock.now()),
        per_payment=mandate.money(mandate.per_payment_minor),
        per_day=mandate.money(mandate.per_day_minor),
        used_today=mandate.money(mandate.day_used_minor if mandate.day_on == today else 0),
        approval_due=link.approval_due,
        since=link.confirmed_at or link.created_at,
        ended_at=link.ended_at,
        agreed=_agreed(link) if with_agreed else (),
    )


def _card_name(link: Link) -> str:
    try:
        card = get_card(link.holder_id, link.card_id or "")
    except CardNotFound:
        return ""
    return f"{card.label} ·· {card.last4}".strip()


@audience(Audience.HOLDER)
@login_required
@require_GET
def link_list(request: HttpRequest) -> HttpResponse:
    """All links, the living ones first."""
    shown = [_shown(link) for link in links.list_links(str(request.user.pk))]
    context = {
        "active": [link for link in shown if link.is_active],
        "ended": [link for link in shown if not link.is_active],
    }
    return render(request, "payments/links.html", context)


class LinkPage(LoginRequiredMixin, View):
    """One link: its mandate, its alias, its end."""

    audience = Audience.HOLDER

    def get(self, request: HttpRequest, link_id: str) -> HttpResponse:
        """Show it."""
        link = _own(request, link_id)
        return self._page(request, link, _form(link))

    def post(self, request: HttpRequest, link_id: str) -> HttpResponse:
        """Change what it may do, with a passkey."""
        link = _own(request, link_id)
        form = MandateForm(data=request.POST, currency=link.mandate.currency)
        if link.status != LinkStatus.ACTIVE or not form.is_valid():
            return self._page(request, link, form, HTTPStatus.UNPROCESSABLE_ENTITY)
        with transaction.atomic():
            stepup.require(request)
            links.change_link(
                holder_id=link.holder_id, link_id=link.id, revise=lambda _now: form.terms,
                alias=form.cleaned_data["alias"] or link.alias, hide_note=form.trim.hide_note, now=clock.now(),
            )  # fmt: skip
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(request.path)

    def _page(self, request: HttpRequest, link: Link, form: MandateForm, status: int = HTTPStatus.OK) -> HttpResponse:
        return render(
            request, "payments/link.html", {"link": _shown(link, with_agreed=True), "form": form}, status=status
        )


def _form(link: Link) -> MandateForm:
    mandate: Mandate = link.mandate
    initial = MandateForm.initial_of(mandates.terms_of(mandate), alias=link.alias, hide_note=link.hide_note)
    return MandateForm(initial=initial, currency=mandate.currency)


def _own(request: HttpRequest, link_id: str) -> Link:
    try:
        return links.get_link(str(request.user.pk), link_id)
    except NotFound:
        raise Http404 from None


@audience(Audience.HOLDER)
@login_required
@require_POST
def end(request: HttpRequest, link_id: str) -> HttpResponse:
    """End it; to take something back needs no passkey."""
    link = _own(request, link_id)
    links.end_link(holder_id=link.holder_id, link_id=link.id, actor=Actor.holder(link.holder_id), now=clock.now())
    messages.success(request, _("%(platform)s is no longer linked.") % {"platform": link.platform.name})
    return HttpResponseRedirect("/links")
