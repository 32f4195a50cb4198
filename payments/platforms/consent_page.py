"""`/oauth/authorize`: see the literal JSON that will leave, trim it, set the mandate, confirm with a passkey."""

import json
import re
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from django.conf import settings
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.generic import View
from oauth2_provider.views.mixins import OAuthLibMixin
from oauthlib.oauth2 import FatalClientError, OAuth2Error

from cards.issuing.cards import CardView, list_cards, view_cards
from cards.issuing.states import CardKind, CardStatus
from payments.platforms import agreement, links
from payments.platforms.agreement import Trim
from payments.platforms.forms import ConsentForm, proposal
from payments.platforms.links import CardUnusable
from payments.platforms.models import Link, LinkStatus, Platform
from payments.platforms.redirects import origin_of
from payments.platforms.scopes import PAY
from wallet.core import clock
from wallet.core.api import Audience
from wallet.core.errors import WalletError
from wallet.ledger.refusals import InsufficientFunds
from wallet.limits import tiers
from wallet.limits.regimes import Ability
from wallet.users import acts, stepup
from wallet.users.people import get_holder


@dataclass(frozen=True, slots=True)
class Asked:
    """A valid authorization request."""

    platform: Platform
    scopes: list[str]
    credentials: dict[str, Any]

    @property
    def redirect_uri(self) -> str:
        """Where the answer goes: one of the client's own."""
        return str(self.credentials["redirect_uri"])


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the literal JSON; one with a name changes with the form's switch of that name."""

    text: str
    switch: str = ""
    on: str = ""
    off: str = ""


class SeeOther(HttpResponseRedirect):
    """303: the browser follows with GET and leaves the form behind (RFC 9700 4.12)."""

    status_code = HTTPStatus.SEE_OTHER
    allowed_schemes = ["https", "http"] if settings.SANDBOX else ["https"]


class ConsentView(LoginRequiredMixin, OAuthLibMixin, View):
    """The page on which a person links a platform."""

    audience = Audience.HOLDER

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page; for a link that is there already, a shorter one."""
        asked = self._asked(request)
        if isinstance(asked, HttpResponse):
            return asked
        if refusal := self._refusal(request, asked):
            return refusal
        link = links.begin_link(holder_id=str(request.user.pk), platform=asked.platform)
        asked = _as_agreed(asked, link)
        initial = ConsentForm.initial_of(proposal(settings.CURRENCIES[0]))
        form = ConsentForm(cards=_usable_cards(link.holder_id), can_pay=PAY in asked.scopes, initial=initial)
        return self._page(request, asked, link, form)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Confirm, or refuse."""
        asked = self._asked(request)
        if isinstance(asked, HttpResponse):
            return asked
        if request.POST.get("decision") != "link":
            return self._answer(asked, {"error": "access_denied"})
        if refusal := self._refusal(request, asked):
            return refusal
        link = links.begin_link(holder_id=str(request.user.pk), platform=asked.platform)
        asked = _as_agreed(asked, link)
        if link.status == LinkStatus.MINTED:
            cards = _usable_cards(link.holder_id)
            form = ConsentForm(data=request.POST, cards=cards, can_pay=PAY in asked.scopes)
            if not form.is_valid():
                return self._page(request, asked, link, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
            try:
                self._confirm(request, asked, link, form)
            except (CardUnusable, InsufficientFunds) as unusable:
                _explain(form, unusable)
                return self._page(request, asked, link, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        return self._code(request, asked, link)

    def _confirm(self, request: HttpRequest, asked: Asked, link: Link, form: ConsentForm) -> None:
        with transaction.atomic():
            stepup.require(request)
            links.confirm_link(
                link=link, card=form.choice, terms=form.terms, alias=form.cleaned_data["alias"], trim=form.trim,
                can_pay=PAY in asked.scopes, now=clock.now(),
            )  # fmt: skip

    def _asked(self, request: HttpRequest) -> Asked | HttpResponse:
        """The request that the query carries, whatever a form may say; or the answer to one that is none."""
        core = self.get_oauthlib_core()
        query = [(name, value) for name, values in request.GET.lists() for value in values]
        uri = f"{request.path}?{urlencode(query)}"
        try:
            scopes, credentials = core.server.validate_authorization_request(uri, http_method="GET")
        except OAuth2Error as error:
            return self._not_asked(request, error)
        platform = Platform.objects.get(client_id=credentials["client_id"])
        return Asked(platform, list(scopes), {**credentials, "query": uri})

    def _not_asked(self, request: HttpRequest, error: OAuth2Error) -> HttpResponse:
        redirect_uri = getattr(error, "redirect_uri", None)
        if isinstance(error, FatalClientError) or not redirect_uri:
            context = {"error": error.error}
            return render(request, "payments/consent_refused.html", context, status=HTTPStatus.BAD_REQUEST)
        members = {"error": error.error, "error_description": error.description or "", "state": error.state or ""}
        return SeeOther(_with_answer(redirect_uri, members))

    def _refusal(self, request: HttpRequest, asked: Asked) -> HttpResponse | None:
        """No passkey: to the page that adds one (`PasskeyNeeded`); just recovered, or in no tier that pays: not yet."""
        try:
            acts.may(get_holder(str(request.user.pk)), acts.Act.LINK, clock.now())
        except acts.RecoveryRecent:
            return render(request, "payments/consent_refused.html", {"error": "recovery"}, status=HTTPStatus.FORBIDDEN)
        if PAY in asked.scopes and not tiers.may(str(request.user.pk), Ability.PAY_PEOPLE, now=clock.now()):
            return render(request, "payments/consent_refused.html", {"error": "tier"}, status=HTTPStatus.FORBIDDEN)
        return None

    def _code(self, request: HttpRequest, asked: Asked, link: Link) -> HttpResponse:
        core = self.get_oauthlib_core()
        credentials = {**asked.credentials, "user": request.user, "link_id": link.id}
        headers, _body, _status = core.server.create_authorization_response(
            uri=credentials.pop("query"), http_method="GET", scopes=asked.scopes, credentials=credentials
        )
        return SeeOther(_with_answer(headers["Location"], {}))

    def _answer(self, asked: Asked, members: dict[str, str]) -> HttpResponse:
        return SeeOther(_with_answer(asked.redirect_uri, {**members, "state": asked.credentials["state"] or ""}))

    def _page(
        self, request: HttpRequest, asked: Asked, link: Link, form: ConsentForm, status: int = HTTPStatus.OK
    ) -> HttpResponse:
        can_pay = PAY in asked.scopes
        context = {
            "form": form,
            "platform": asked.platform.name,
            "is_linked": link.status == LinkStatus.ACTIVE,
            "can_pay": can_pay,
            "pieces": _pieces(link.id, can_pay=can_pay),
            "returns_to": urlsplit(asked.redirect_uri).netloc,
        }
        response = render(request, "payments/consent.html", context, status=status)
        # Chromium holds the redirect that follows the form to this directive too.
        response._csp_update = {"form-action": [origin_of(asked.redirect_uri)]}  # type: ignore[attr-defined]  # noqa: SLF001 - django-csp's own door for views
        response["Cache-Control"] = "no-store"
        return response


def _as_agreed(asked: Asked, link: Link) -> Asked:
    """A link that was made without payments does not learn to pay by asking again: that takes another linking."""
    if link.status == LinkStatus.MINTED or link.can_pay:
        return asked
    return replace(asked, scopes=[scope for scope in asked.scopes if scope != PAY])


def _explain(form: ConsentForm, refusal: WalletError) -> None:
    if isinstance(refusal, InsufficientFunds):
        form.add_error("load", _("There is less than that in your wallet."))
    else:
        form.add_error("card", _("This card cannot be used here. Pick another one."))


def _usable_cards(holder_id: str) -> list[CardView]:
    cards = list_cards(holder_id, status=CardStatus.ACTIVE).filter(kind=CardKind.STANDARD)
    return view_cards(cards, holder_id)


def _with_answer(uri: str, members: dict[str, str]) -> str:
    """The redirect with its members and the issuer (RFC 9207)."""
    parts = urlsplit(uri)
    added = urlencode({**{name: value for name, value in members.items() if value}, "iss": settings.PUBLIC_URL})
    return urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added))


_SWITCHED = re.compile(r'("(?:note|label)": )(?P<note>"…")|("one_tap": )(?P<one_tap>true)')


def _pieces(link_id: str, *, can_pay: bool) -> list[Piece]:
    """The literal JSON, cut where the form's switches change it."""
    literal = agreement.shown(
        link_id=link_id, wallet_url=settings.PUBLIC_URL, trim=Trim(), can_pay=can_pay, one_tap=True
    )
    text = json.dumps(literal, indent=2, ensure_ascii=False)
    pieces, at = [], 0
    for match in _SWITCHED.finditer(text):
        name = "note" if match["note"] else "one_tap"
        pieces.append(Piece(text[at : match.start(name)]))
        off = "null" if name == "note" else "false"
        pieces.append(Piece("", switch=name, on=match[name], off=off))
        at = match.end(name)
    return [*pieces, Piece(text[at:])]
