"""`POST /webhooks/stripe/issuing`: decisions while Stripe waits, and the inbox of all else that it tells."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from cards.network.stripe import asked, inbox
from privacy.exposure import gate
from wallet.core import problems
from wallet.core.api import Audience, audience
from wallet.core.requests import request_id_of
from wallet.stripe import signatures
from wallet.stripe.client import API_VERSION

_REQUEST = "issuing_authorization.request"


@csrf_exempt
@require_POST
@audience(Audience.NETWORK)
def webhook(request: HttpRequest) -> HttpResponse:
    """Answer what is asked; keep what is told. Whatever is no 200, Stripe declines, or sends again."""
    try:
        event = signatures.read(body=request.body, header=request.headers.get("Stripe-Signature", ""))
        if event.type != _REQUEST:
            inbox.receive(event)
            return HttpResponse(content_type="application/json")
        grant = asked.decide(event.object, request_id=request_id_of(request))
    except Exception as error:  # noqa: BLE001 - every failure is answered as a problem
        return problems.from_exception(error, request)
    gate.adopt(request, grant)
    response = gate.respond(grant)
    response["Stripe-Version"] = API_VERSION
    return response
