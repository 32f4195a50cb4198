"""`/p/{id}`: the payer's page. Before sign-in it shows nothing; then who asks, how much, for what."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.generic import View

from cards.issuing.cards import list_cards, view_cards
from cards.issuing.states import CardStatus
from payments.platforms import links, mandates
from payments.platforms.consent_page import SeeOther
from payments.platforms.redirects import origin_of
from payments.requests import paying, sides, sightings
from payments.requests.models import Checkout, PaymentRequest, Role
from payments.requests.moves import RequestNotOpen
from payments.requests.paying import PaymentRefused, Source
from payments.requests.sides import Item
from payments.requests.views import ShownRequest, show_side
from wallet.activity import words
from wallet.core import clock
from wallet.core.api import Audience, audience, json_answer
from wallet.core.errors import NotFound
from wallet.core.money import AmountUnreadable, Money, exponent, parse_money
from wallet.core.requests import request_id_of
from wallet.ledger import accounts, balances
from wallet.users import acts, stepup
from wallet.users.people import get_holder

MAIN = "main"
#: Longer than any amount.
_DIGITS = 14


@dataclass(frozen=True, slots=True)
class Offer:
    """A source of money that the payer may pick."""

    value: str
    name: str
    balance: Money
    is_enough: bool
    is_picked: bool


@dataclass(frozen=True, slots=True)
class ShownTip:
    """A tip that the page proposes, in minor units for its link."""

    minor: int
    amount: Money
    is_picked: bool


@dataclass(frozen=True, slots=True)
class ShownCheckout:
    """What is sold, and what comes after."""

    items: list[Item]
    tip: Money
    max_tip: Money
    tips: list[ShownTip]
    return_url: str


@dataclass(frozen=True, slots=True)
class ShownPayment:
    """What the payer decides about: `amount` with the tip in it."""

    request: ShownRequest
    amount: Money
    offers: list[Offer]
    is_first: bool
    binding: str
    top_up_url: str
    reason: str


class PayerPage(View):
    """Show, and pay."""

    audience = Audience.PUBLIC

    def get(self, request: HttpRequest, request_id: str) -> HttpResponse:
        """The door for strangers; the decision for whom it concerns."""
        if not request.user.is_authenticated:
            return _door(request, request_id)
        return self._page(request, _found(request, request_id))

    def post(self, request: HttpRequest, request_id: str) -> HttpResponse:
        """Pay with the passkey that said yes to this amount, currency and payee."""
        if not request.user.is_authenticated:
            return _door(request, request_id)
        wanted, holder_id = _found(request, request_id), str(request.user.pk)
        acts.may(get_holder(holder_id), acts.Act.APPROVE, clock.now())
        picked = request.POST.get("source", "")
        source, tip = Source("" if picked == MAIN else picked), _tip(wanted, request.POST)
        shown = _shown(wanted, holder_id)
        try:
            with transaction.atomic():
                stepup.require(request, binding=_binding(shown, tip))
                paying.approve_request(
                    payer_id=holder_id, request_id=request_id, source=source, tip=tip, now=clock.now()
                )
        except PaymentRefused as refused:
            return self._page(request, wanted, picked=picked, reason=refused.reason, status=HTTPStatus.PAYMENT_REQUIRED)
        except RequestNotOpen:
            return self._page(request, _found(request, request_id), status=HTTPStatus.CONFLICT)
        return _way_back(request, wanted)

    def _page(
        self, request: HttpRequest, wanted: PaymentRequest, *, picked: str = "", reason: str = "",
        status: int = HTTPStatus.OK,
    ) -> HttpResponse:  # fmt: skip
        holder_id = str(request.user.pk)
        shown = _shown(wanted, holder_id)
        is_mine = wanted.payee_id == holder_id
        is_payer = wanted.paid_by == holder_id
        context: dict[str, Any] = {"shown": shown, "is_mine": is_mine, "is_payer": is_payer}
        if shown.is_open and not is_mine:
            with transaction.atomic():
                sightings.payee_seen(wanted, alias=shown.name, note=shown.note, request_id=request_id_of(request))
            tip = _tip(wanted, request.POST if request.method == "POST" else request.GET)
            context["payment"] = _payment(wanted, shown, holder_id, tip=tip, picked=picked, reason=reason)
        if wanted.checkout is not None:
            tip = context["payment"].amount - wanted.checkout.total if "payment" in context else wanted.checkout.tip
            context["checkout"] = _checkout(wanted.checkout, holder_id, tip)
        response = _unlisted(render(request, "payments/payer.html", context, status=status))
        if wanted.checkout is not None and wanted.checkout.return_url:
            # Chromium holds the redirect that follows the form to this directive too.
            origin = origin_of(wanted.checkout.return_url)
            response._csp_update = {"form-action": [origin]}  # type: ignore[attr-defined]  # noqa: SLF001 - django-csp's own door for views
        return response


@audience(Audience.HOLDER)
@login_required
@require_POST
def decline(request: HttpRequest, request_id: str) -> HttpResponse:
    """Say no; with a block, say it once for all."""
    _found(request, request_id)
    is_blocking = request.POST.get("decision") == "block"
    try:
        paying.decline_request(
            payer_id=str(request.user.pk), request_id=request_id, is_blocking=is_blocking, now=clock.now()
        )
    except RequestNotOpen:
        return HttpResponseRedirect(f"/p/{request_id}")
    except NotFound:
        raise Http404 from None
    messages.success(request, _("Declined. Nothing was paid."))
    return HttpResponseRedirect("/requests")


def _way_back(request: HttpRequest, wanted: PaymentRequest) -> HttpResponse:
    """Paid: to where the bot waits, on an origin that its platform has registered; else the same page says so."""
    has_way = wanted.checkout is not None and bool(wanted.checkout.return_url)
    target = wanted.checkout.return_url if wanted.checkout is not None and has_way else request.path
    if request.accepts("text/html"):
        return SeeOther(target) if has_way else HttpResponseRedirect(target)
    # The page's own script asked: it must know that the answer has arrived before it goes there.
    return json_answer({"next": target})


def _tip(wanted: PaymentRequest, values: Mapping[str, str]) -> Money:
    """The tip that was picked or typed, at most what the checkout takes; nothing where there is none to give."""
    nothing = Money(0, wanted.currency)
    if wanted.checkout is None or not wanted.checkout.max_tip:
        return nothing
    if picked := values.get("tip", ""):
        minor = int(picked) if picked.isascii() and picked.isdigit() and len(picked) < _DIGITS else 0
        return min(Money(minor, wanted.currency), wanted.checkout.max_tip)
    try:
        typed = parse_money(values.get("own_tip", ""), wanted.currency, get_language() or "en")
    except AmountUnreadable:
        return nothing
    return min(typed, wanted.checkout.max_tip)


def _checkout(checkout: Checkout, holder_id: str, tip: Money) -> ShownCheckout:
    offered = [Money(0, checkout.currency), *checkout.suggested_tips] if checkout.max_tip else []
    return ShownCheckout(
        items=sides.read_items(checkout, holder_id),
        tip=tip,
        max_tip=checkout.max_tip,
        tips=[ShownTip(one.minor, one, is_picked=one == tip) for one in offered],
        return_url=checkout.return_url,
    )


def _door(request: HttpRequest, request_id: str) -> HttpResponse:
    """The same bytes for every id, known or not: link previews fetch it (settled.md 21)."""
    context = {"next": urlencode({"next": f"/p/{request_id}"})}
    return _unlisted(render(request, "payments/payer_door.html", context))


def _unlisted(response: HttpResponse) -> HttpResponse:
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Cache-Control"] = "no-store"
    return response


def _found(request: HttpRequest, request_id: str) -> PaymentRequest:
    """A request that concerns this person: theirs to pay, or their own wish; anything else is nothing."""
    rows = PaymentRequest.objects.select_related("payee_link", "payer_link", "platform", "split", "checkout")
    wanted = rows.filter(pk=request_id).first()
    holder_id = str(request.user.pk)
    if wanted is None:
        raise Http404
    # What was asked of anybody is, once it is over, for the two whom it concerned alone.
    is_offered = wanted.payer_link is not None or wanted.is_payable(clock.now())
    concerns = holder_id in {wanted.payee_id, wanted.paid_by} or (is_offered and paying.is_addressed(wanted, holder_id))
    if not concerns:
        raise Http404
    return wanted


def _shown(wanted: PaymentRequest, holder_id: str) -> ShownRequest:
    """In the words of this person's own copy; one for anybody is made the moment they look at it."""
    if holder_id == wanted.payee_id:
        side = sides.read_side(wanted, Role.PAYEE)
    else:
        side = paying.look(request=wanted, payer_id=holder_id)
    if side is None:
        raise Http404
    return show_side(side, now=clock.now())


def _binding(shown: ShownRequest, tip: Money) -> dict[str, str | int]:
    """What the passkey signs: what the page showed."""
    amount = shown.amount + tip
    return {"amount": amount.minor, "currency": amount.currency, "payee": shown.name, "request": shown.id}


def _payment(
    wanted: PaymentRequest, shown: ShownRequest, holder_id: str, *, tip: Money, picked: str, reason: str
) -> ShownPayment:
    amount = shown.amount + tip
    link = links.find_active(holder_id=holder_id, platform_id=wanted.platform_id)
    offers = _offers(amount, holder_id, link_card=(link.card_id or "") if link else "", picked=picked)
    if not reason and link is not None and link.approval_due:
        reason = "approval_due"
    elif not reason and link is not None:
        reason = str(mandates.explain(link=link, amount=wanted.amount, now=clock.now()) or "")
    # What the law forbids comes first: nothing else that is put right would help.
    reason = paying.people_reason(payer_id=holder_id, payee_id=wanted.payee_id, now=clock.now()) or reason
    return ShownPayment(
        request=shown,
        amount=amount,
        offers=offers,
        is_first=not paying.has_paid(payer_id=holder_id, payee_id=wanted.payee_id),
        binding=json.dumps(_binding(shown, tip)),
        top_up_url=top_up_url(amount, back=f"/p/{wanted.id}" + (f"?tip={tip.minor}" if tip else "")),
        reason=in_words(reason),
    )


def _offers(amount: Money, holder_id: str, *, link_card: str, picked: str) -> list[Offer]:
    """The link's card first, then the others in this currency, then main; the first that has enough is picked."""
    cards = list_cards(holder_id, currency=amount.currency, status=CardStatus.ACTIVE)
    views = sorted(view_cards(cards, holder_id), key=lambda card: card.id != link_card)
    found = [
        (card.id, f"{card.label or _('Card')} ·· {card.last4}", card.balance)
        for card in views
        if card.kind != "platform" or card.id == link_card
    ]
    found.append((MAIN, _("Main balance"), balances.available(accounts.main(holder_id, amount.currency))))
    enough = [value for value, _name, balance in found if balance.minor >= amount.minor]
    chosen = picked or (enough[0] if enough else "")
    return [
        Offer(value, name, balance, is_enough=value in enough, is_picked=value == chosen)
        for value, name, balance in found
    ]


def top_up_url(amount: Money, *, back: str) -> str:
    """Where this amount is topped up, and what comes afterwards."""
    decimals = exponent(amount.currency)
    text = f"{amount.minor // 10**decimals}" + (f".{amount.minor % 10**decimals:0{decimals}d}" if decimals else "")
    return "/top-ups/new?" + urlencode({"amount": text, "currency": amount.currency, "next": back})


def in_words(reason: str) -> str:
    """Why it did not go by itself, for the payer alone."""
    own = {
        "approval_due": _("The platform asked often today, so it waits for you to approve one payment."),
        "one_tap_off": _("You have one tap switched off there."),
        "mandate_over": _("The time that you gave one tap is over."),
        "mandate_currency": _("One tap there pays in another currency."),
        "mandate_per_payment": _("This is more than one tap may pay at once."),
        "mandate_per_day": _("Today's limit for one tap is used up."),
        "mandate_per_week": _("This week's limit for one tap is used up."),
        "pay_people": _("Paying people needs a check of your identity first. See your limits in the settings."),
        "payee_unable": _("This payment is not possible at the moment. You can do nothing about it."),
        "payee_gone": _("This person has no wallet here any more."),
        "": "",
    }
    if reason in own:
        return own[reason]
    found = words.reason(reason)
    return f"{found.text}. {found.next_step}" if found else ""
