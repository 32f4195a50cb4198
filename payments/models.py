"""Re-exports the tables of the rooms: Django looks for an app's models here."""

from payments.platforms.models import AuthorizationCode, Block, Link, Mandate, Platform
from payments.requests.models import Checkout, CheckoutItems, PaymentRequest, Refund, RequestSide, Split
from payments.topups.models import (
    BankPayout,
    GatewayEvent,
    GatewayWatch,
    Reconciliation,
    SandboxCheckout,
    SandboxPayout,
    TopUp,
    TopUpDispute,
    TopUpRefund,
    Withdrawal,
)
from payments.webhooks.models import Delivery, Endpoint, Event

__all__ = [
    "AuthorizationCode",
    "BankPayout",
    "Block",
    "Checkout",
    "CheckoutItems",
    "Delivery",
    "Endpoint",
    "Event",
    "GatewayEvent",
    "GatewayWatch",
    "Link",
    "Mandate",
    "PaymentRequest",
    "Platform",
    "Reconciliation",
    "Refund",
    "RequestSide",
    "SandboxCheckout",
    "SandboxPayout",
    "Split",
    "TopUp",
    "TopUpDispute",
    "TopUpRefund",
    "Withdrawal",
]
