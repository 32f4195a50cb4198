"""Re-exports the tables of the rooms: Django looks for an app's models here."""

from payments.platforms.models import AuthorizationCode, Block, Link, Mandate, Platform
from payments.requests.models import Checkout, CheckoutItems, PaymentRequest, Refund, RequestSide, Split
from payments.topups.models import GatewayEvent, SandboxCheckout, TopUp
from payments.webhooks.models import Delivery, Endpoint, Event

__all__ = [
    "AuthorizationCode",
    "Block",
    "Checkout",
    "CheckoutItems",
    "Delivery",
    "Endpoint",
    "Event",
    "GatewayEvent",
    "Link",
    "Mandate",
    "PaymentRequest",
    "Platform",
    "Refund",
    "RequestSide",
    "SandboxCheckout",
    "Split",
    "TopUp",
]
