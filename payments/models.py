"""Re-exports the tables of the rooms: Django looks for an app's models here."""

from payments.developers.models import Developer
from payments.platforms.models import AuthorizationCode, Block, Link, Mandate, Platform
from payments.requests.models import PaymentRequest, RequestSide
from payments.topups.models import GatewayEvent, SandboxCheckout, TopUp
from payments.webhooks.models import Delivery, Endpoint, Event

__all__ = [
    "AuthorizationCode",
    "Block",
    "Delivery",
    "Developer",
    "Endpoint",
    "Event",
    "GatewayEvent",
    "Link",
    "Mandate",
    "PaymentRequest",
    "Platform",
    "RequestSide",
    "SandboxCheckout",
    "TopUp",
]
