"""The sandbox gateway's hosted page, for people and for scripts, and the wallet's inbox for its events."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from payments.topups import inbox
from payments.topups.models import SandboxCheckout, TopUp
from payments.topups.sandbox import checkout
from payments.topups.sandbox.test_cards import LISTED, outcome_of
from wallet.core import clock
from wallet.core.api import Audience, audience, json_answer
from wallet.core.bodies import parse_json
from wallet.core.errors import WalletError
from wallet.core.money import Money
from wallet.core.problems import from_error


@audience(Audience.GATEWAY)
@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def hosted(request: HttpRequest, reference: str) -> HttpResponse:
    """Where one types a test card. A script may POST `{"card": "4242424242424242"}`: 202 at once (settled.md 36)."""
    if request.method == "POST":
        if (request.content_type or "") == "application/json":
            return _script(request, reference)
        return _typed(request, reference)
    return _page(request, reference)


def _script(request: HttpRequest, reference: str) -> HttpResponse:
    try:
        body = parse_json(request.body)
        if isinstance(body, dict) and body.get("challenge") in {"confirm", "refuse"}:
            page = checkout.answer_challenge(reference=reference, is_confirmed=body["challenge"] == "confirm")
        else:
            page = _pay(reference, body.get("card") if isinstance(body, dict) else None)
    except WalletError as refusal:
        return from_error(refusal, request)
    return json_answer({"status": page.status}, 202)


def _pay(reference: str, number: object) -> SandboxCheckout:
    outcome = outcome_of(number) if isinstance(number, str) else None
    if outcome is None:
        raise checkout.CardNotListed("Use one of the listed test cards.", pointer="/card")
    return checkout.pay(reference=reference, outcome=outcome, now=clock.now())


def _typed(request: HttpRequest, reference: str) -> HttpResponse:
    try:
        page = _pay(reference, request.POST.get("card"))
    except checkout.CardNotListed:
        return _page(request, reference, is_unlisted=True)
    except checkout.CheckoutClosed:
        return redirect("top-up", reference)
    except WalletError:
        raise Http404 from None
    return redirect("sandbox-challenge" if page.status == "challenge" else "top-up", reference)


def _page(request: HttpRequest, reference: str, *, is_unlisted: bool = False) -> HttpResponse:
    top_up = TopUp.objects.filter(id=reference, gateway="sandbox").first()
    if top_up is None:
        raise Http404
    page = SandboxCheckout.objects.filter(reference=reference).first()
    if page is not None and page.status not in {"open", "challenge"}:
        return redirect("top-up", reference)
    context = {
        "amount": Money(top_up.amount_minor, top_up.currency),
        "cards": LISTED,
        "reference": reference,
        "is_unlisted": is_unlisted,
    }
    return render(request, "payments/sandbox_checkout.html", context, status=422 if is_unlisted else 200)


@audience(Audience.GATEWAY)
@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def challenge(request: HttpRequest, reference: str) -> HttpResponse:
    """The bank's question (3-D Secure), as the sandbox plays it."""
    if request.method == "POST":
        try:
            checkout.answer_challenge(reference=reference, is_confirmed=request.POST.get("answer") == "confirm")
        except checkout.CheckoutClosed:
            pass
        except WalletError:
            raise Http404 from None
        return redirect("top-up", reference)
    return render(request, "payments/sandbox_challenge.html", {"reference": reference})


@audience(Audience.GATEWAY)
@csrf_exempt
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """The wallet's inbox for the sandbox gateway's signed events."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        inbox.receive(name="sandbox", body=request.body, headers=headers)
    except WalletError as refusal:
        return from_error(refusal, request)
    return json_answer({"received": True})
