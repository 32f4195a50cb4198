"""`POST /webhooks/stripe`: the wallet's inbox for Stripe's signed events."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from payments.topups import inbox
from wallet.core.api import Audience, audience, json_answer
from wallet.core.errors import WalletError
from wallet.core.problems import from_error


@audience(Audience.GATEWAY)
@csrf_exempt
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """Take an event; the work on it is done later. A 5xx makes Stripe send it again."""
    try:
        inbox.receive(
            name="stripe", body=request.body, headers={"stripe-signature": request.headers.get("Stripe-Signature", "")}
        )
    except WalletError as refusal:
        return from_error(refusal, request)
    return json_answer({"received": True})
