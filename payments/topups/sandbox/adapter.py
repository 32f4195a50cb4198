"""The sandbox gateway behind the port."""

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from payments.topups.gateway import (
    Event,
    Payment,
    PaymentState,
    Refund,
    RefundState,
    Session,
    SignatureInvalid,
    Subject,
)
from payments.topups.models import SandboxCheckout
from payments.topups.sandbox.checkout import OPEN_FOR, session_ref_of
from wallet.core import clock
from wallet.core.errors import GatewayRefused, GatewayUnavailable
from wallet.core.money import Money
from wallet.core.transactions import refuse_open_transaction


class SandboxGateway:
    """Implements `TopUpGateway`; its memory is `SandboxCheckout`, which the wallet's side never reads."""

    name = "sandbox"
    clearing_account = "sandbox_clearing"
    is_third_party = False

    def create_session(self, *, reference: str, amount: Money, return_url: str) -> Session:
        """Make the hosted page."""
        refuse_open_transaction("sandbox gateway: create_session")
        checkout, _made = SandboxCheckout.objects.get_or_create(
            reference=reference, defaults={"session_ref": session_ref_of(reference)}
        )
        if checkout.amount_minor is not None and (checkout.amount_minor, checkout.currency) != (
            amount.minor,
            amount.currency,
        ):
            raise GatewayRefused
        SandboxCheckout.objects.filter(reference=reference).update(
            amount_minor=amount.minor, currency=amount.currency, return_url=return_url
        )
        return Session(checkout.session_ref, f"{settings.PUBLIC_URL}/sandbox/checkout/{reference}")

    def fetch(self, *, session_ref: str) -> Payment:
        """The page's outcome so far."""
        refuse_open_transaction("sandbox gateway: fetch")
        checkout = SandboxCheckout.objects.filter(session_ref=session_ref).first()
        if checkout is None or checkout.amount_minor is None:
            raise GatewayUnavailable
        state, failure = _state(checkout, clock.now())
        return Payment(
            session_ref=session_ref,
            payment_ref=session_ref.replace("cs_", "pi_", 1),
            state=state,
            amount=Money(checkout.amount_minor, checkout.currency),
            failure=failure,
        )

    def read_event(self, *, body: bytes, headers: Mapping[str, str]) -> Event:
        """Standard Webhooks: signature over the raw body, both-sided tolerance of five minutes."""
        names = ("webhook-id", "webhook-timestamp", "webhook-signature")
        try:
            content = _signer().verify(body, {name: headers[name] for name in names})
            return Event(id=headers["webhook-id"], type=str(content["type"]), object_ref=str(content["data"]["id"]))
        except (WebhookVerificationError, KeyError, TypeError, ValueError):
            raise SignatureInvalid from None

    def subject_of(self, event: Event) -> Subject | None:
        """Its events name sessions."""
        return Subject(session_ref=event.object_ref)

    def find_session(self, payment_ref: str) -> str:
        """The one whose name the payment has."""
        return payment_ref.replace("pi_", "cs_", 1)

    def events_since(self, since: datetime) -> Iterator[Event]:  # noqa: ARG002 - the port's signature
        """None: it sends until the inbox takes them."""
        return iter(())

    def refund(self, *, reference: str, payment_ref: str, amount: Money) -> Refund:  # noqa: ARG002 - the same
        """At once, to a card that does not exist."""
        refuse_open_transaction("sandbox gateway: refund")
        return Refund(f"re_sandbox_{reference}", reference, RefundState.SUCCEEDED, amount)


def _state(checkout: SandboxCheckout, now: datetime) -> tuple[PaymentState, str]:
    if checkout.status == "paid":
        return PaymentState.PAID, ""
    if checkout.status == "declined":
        return PaymentState.FAILED, "declined"
    if checkout.status == "processing":
        is_settled = checkout.settles_at is not None and checkout.settles_at <= now
        return (PaymentState.PAID if is_settled else PaymentState.PROCESSING), ""
    if checkout.created_at + OPEN_FOR <= now:
        return PaymentState.EXPIRED, ""
    return PaymentState.OPEN, ""


def deliver(*, event_id: str, event_type: str, session_ref: str) -> None:
    """Send one signed event to the wallet's inbox over HTTP.

    Raises:
        GatewayUnavailable: the inbox does not take it; the outbox tries again.
    """
    refuse_open_transaction("sandbox gateway: deliver")
    now = datetime.now(UTC)
    body = json.dumps({"type": event_type, "timestamp": now.isoformat(), "data": {"id": session_ref}})
    headers = {
        "content-type": "application/json",
        "host": urlsplit(settings.PUBLIC_URL).netloc,
        "webhook-id": event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": _signer().sign(event_id, now, body),
    }
    try:
        with httpx.Client(trust_env=False, timeout=10, follow_redirects=False) as client:
            answer = client.post(f"{settings.INTERNAL_URL}/webhooks/sandbox", content=body, headers=headers)
    except httpx.HTTPError:
        raise GatewayUnavailable from None
    if answer.status_code != httpx.codes.OK:
        raise GatewayUnavailable


@cache
def _signer() -> Webhook:
    return Webhook(base64.b64encode(settings.SANDBOX_GATEWAY_SECRET.encode()).decode())


@cache
def adapter() -> SandboxGateway:
    """The one sandbox gateway.

    Raises:
        RuntimeError: in production.
    """
    if not settings.SANDBOX:
        raise RuntimeError("the sandbox gateway is refused in production")
    return SandboxGateway()


def books() -> None:
    """It keeps none: what it says of a payment is all there is."""
