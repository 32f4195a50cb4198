"""The sandbox's payer of bank accounts: a page that takes listed test accounts and keeps none of them."""

from collections.abc import Mapping
from functools import cache
from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from payments.topups import payouts
from payments.topups.gateway import PayoutState, Session
from payments.topups.models import SandboxPayout
from payments.topups.sandbox.checkout import OPEN_FOR, CardNotListed
from wallet.core import clock, outbox
from wallet.core.api import Audience, audience, json_answer
from wallet.core.bodies import parse_json
from wallet.core.errors import GatewayRefused, GatewayUnavailable, WalletError
from wallet.core.money import Money
from wallet.core.problems import from_error
from wallet.core.transactions import owns_transaction, refuse_open_transaction

#: Test accounts (Stripe documents the same numbers) and what each leads to.
ACCOUNTS: Final[Mapping[str, tuple[str, str | Promise]]] = {
    "AT611904300234573201": ("paid", _("takes the money")),
    "AT861904300235473202": ("refused", _("sends it back")),
}
_STATES = {"open": PayoutState.OPEN, "paid": PayoutState.PAID, "refused": PayoutState.FAILED}


class SandboxPayouts:
    """Implements `PayoutGateway`."""

    name = "sandbox"
    clearing_account = "sandbox_clearing"

    def create_page(self, *, reference: str, amount: Money, return_url: str) -> Session:
        """Make the page."""
        refuse_open_transaction("sandbox payouts: create_page")
        page, _made = SandboxPayout.objects.get_or_create(
            reference=reference,
            defaults={
                "session_ref": f"po_sandbox_{reference.removeprefix('part_')}", "amount_minor": amount.minor,
                "currency": amount.currency, "return_url": return_url,
            },
        )  # fmt: skip
        if (page.amount_minor, page.currency) != (amount.minor, amount.currency):
            raise GatewayRefused
        return Session(page.session_ref, f"{settings.PUBLIC_URL}/sandbox/payout/{reference}")

    def fetch_payout(self, *, session_ref: str) -> PayoutState:
        """The page's outcome so far."""
        refuse_open_transaction("sandbox payouts: fetch_payout")
        page = SandboxPayout.objects.filter(session_ref=session_ref).first()
        if page is None:
            raise GatewayUnavailable
        if page.status == "open" and page.created_at + OPEN_FOR <= clock.now():
            return PayoutState.EXPIRED
        return _STATES[page.status]


class AccountNotListed(CardNotListed):
    """Not one of the test accounts; it was not read further, stored or logged."""

    slug = "test-account-needed"
    title = "Only the listed test accounts are taken here"


@owns_transaction
def choose(*, reference: str, account: object) -> str:
    """A test account was typed; returns where to go on.

    Raises:
        AccountNotListed: any other.
    """
    page = SandboxPayout.objects.select_for_update().filter(reference=reference).first()
    if page is None:
        raise Http404
    listed = ACCOUNTS.get("".join(account.split())) if isinstance(account, str) else None
    if listed is None:
        raise AccountNotListed("Use one of the listed test accounts.", pointer="/account")
    if page.status == "open":
        page.status = listed[0]
        page.save()
        outbox.enqueue(topic=payouts.LOOK, ref=reference)
    return page.return_url


@audience(Audience.GATEWAY)
@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def hosted(request: HttpRequest, reference: str) -> HttpResponse:
    """Where one types a bank account. A script may POST `{"account": "AT611904300234573201"}`."""
    is_script = (request.content_type or "") == "application/json"
    if request.method == "POST":
        try:
            body = parse_json(request.body) if is_script else request.POST
            url = choose(reference=reference, account=body.get("account") if isinstance(body, Mapping) else None)
        except AccountNotListed as refusal:
            return from_error(refusal, request) if is_script else _page(request, reference, is_unlisted=True)
        except WalletError as refusal:
            return from_error(refusal, request)
        return json_answer({"status": "taken"}, 202) if is_script else redirect(url)
    return _page(request, reference, is_unlisted=False)


def _page(request: HttpRequest, reference: str, *, is_unlisted: bool) -> HttpResponse:
    page = SandboxPayout.objects.filter(reference=reference).first()
    if page is None:
        raise Http404
    if page.status != "open":
        return redirect(page.return_url)
    context = {
        "amount": Money(page.amount_minor, page.currency), "reference": reference, "is_unlisted": is_unlisted,
        "accounts": [{"number": number, "meaning": meaning} for number, (_status, meaning) in ACCOUNTS.items()],
    }  # fmt: skip
    return render(request, "payments/sandbox_payout.html", context, status=422 if is_unlisted else 200)


@cache
def adapter() -> SandboxPayouts:
    """The one sandbox payer.

    Raises:
        RuntimeError: in production.
    """
    if not settings.SANDBOX:
        raise RuntimeError("the sandbox's payouts are refused in production")
    return SandboxPayouts()
