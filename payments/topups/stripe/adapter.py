"""Stripe behind the port."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final

from payments.topups.gateway import (
    Dispute,
    Event,
    Payment,
    PaymentState,
    Refund,
    RefundState,
    Session,
    SignatureInvalid,
    Subject,
)
from payments.topups.stripe import ledger
from wallet.core.errors import GatewayUnavailable
from wallet.core.money import Money
from wallet.stripe import signatures
from wallet.stripe.client import call

#: What we want to hear of; docs/stripe.md lists the same.
EVENTS: Final = (
    "checkout.session.completed", "checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed",
    "checkout.session.expired", "charge.updated", "charge.refunded", "refund.created", "refund.updated",
    "refund.failed", "charge.dispute.created", "charge.dispute.updated", "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated", "charge.dispute.closed", "radar.early_fraud_warning.created",
)  # fmt: skip
_REFUNDS = {"succeeded": RefundState.SUCCEEDED, "failed": RefundState.FAILED, "canceled": RefundState.FAILED}
_OVER: Final = frozenset({"won", "lost", "warning_closed", "prevented"})
_WHOLE_PAYMENT = ["payment_intent.latest_charge.balance_transaction"]
_PAGE = 100


class StripeGateway:
    """Implements `TopUpGateway`."""

    name = "stripe"
    clearing_account = "stripe_clearing"
    is_third_party = True

    def create_session(self, *, reference: str, amount: Money, return_url: str) -> Session:
        """A hosted page; our reference is its idempotency key."""
        with call("create_session") as stripe:
            made = stripe.v1.checkout.sessions.create(
                params={
                    "mode": "payment",
                    "client_reference_id": reference,
                    "line_items": [
                        {
                            "quantity": 1,
                            "price_data": {
                                "currency": amount.currency.lower(),
                                "unit_amount": amount.minor,
                                "product_data": {"name": "Top-up"},
                            },
                        }
                    ],
                    # What is charged is what was asked for, in its own currency.
                    "adaptive_pricing": {"enabled": False},
                    "success_url": return_url,
                    "cancel_url": return_url,
                },
                options={"idempotency_key": reference},
            )
        if not made.url:
            raise GatewayUnavailable
        return Session(made.id, made.url)

    def fetch(self, *, session_ref: str) -> Payment:
        """The whole of a payment: its state, fee, refunds and disputes."""
        with call("fetch") as stripe:
            session = stripe.v1.checkout.sessions.retrieve(session_ref, params={"expand": _WHOLE_PAYMENT})
        intent: Any = session.payment_intent
        charge: Any = intent.latest_charge if intent else None
        currency = (session.currency or "").upper()
        return Payment(
            session_ref=session.id,
            payment_ref=intent.id if intent else "",
            state=_state(session, intent),
            amount=Money(intent.amount_received if charge else session.amount_total or 0, currency),
            failure="declined" if intent and intent.last_payment_error else "",
            reference=session.client_reference_id or "",
            fee=_fee(charge),
            refunds=_refunds_of(intent.id) if charge else (),
            disputes=_disputes_of(intent.id) if charge else (),
        )

    def read_event(self, *, body: bytes, headers: Mapping[str, str]) -> Event:
        """Its signature over the raw body."""
        try:
            event = signatures.read(body=body, header=headers.get("stripe-signature", ""))
        except signatures.SignatureInvalid:
            raise SignatureInvalid from None
        return Event(event.id, event.type, event.object_ref)

    def subject_of(self, event: Event) -> Subject | None:
        """Ask what the event's object belongs to; its kind stands at the start of its id."""
        ref, kind = event.object_ref, event.object_ref.partition("_")[0]
        if kind == "cs":
            return Subject(session_ref=ref)
        if kind == "pi":
            return Subject(payment_ref=ref)
        owner: Any
        with call("subject_of") as stripe:
            match kind:
                case "ch" | "py":
                    owner = stripe.v1.charges.retrieve(ref)
                case "re" | "pyr":
                    owner = stripe.v1.refunds.retrieve(ref)
                case "du" | "dp":
                    owner = stripe.v1.disputes.retrieve(ref)
                case "issfr":
                    owner = stripe.v1.radar.early_fraud_warnings.retrieve(ref)
                    if not owner.payment_intent:
                        owner = stripe.v1.charges.retrieve(owner.charge)
                case _:
                    return None
        if not owner.payment_intent:
            return None
        return Subject(payment_ref=str(owner.payment_intent), is_warning=kind == "issfr")

    def find_session(self, payment_ref: str) -> str:
        """The session of a payment that we have not heard of yet; "" where it is not one of Checkout's."""
        with call("find_session") as stripe:
            found = stripe.v1.checkout.sessions.list(params={"payment_intent": payment_ref, "limit": 1})
        return found.data[0].id if found.data else ""

    def events_since(self, since: datetime) -> Iterator[Event]:
        """Page by page, the newest first."""
        after = ""
        while True:
            with call("events_since") as stripe:
                page = stripe.v1.events.list(
                    params={
                        "created": {"gte": int(since.timestamp())}, "types": list(EVENTS), "limit": _PAGE,
                        **({"starting_after": after} if after else {}),
                    }
                )  # fmt: skip
            for one in page.data:
                yield Event(one.id, one.type, str(getattr(one.data.object, "id", "")))
            if not page.has_more or not page.data:
                return
            after = page.data[-1].id

    def refund(self, *, reference: str, payment_ref: str, amount: Money) -> Refund:
        """Back to the card or account that paid; our reference is its idempotency key and stands in its metadata."""
        with call("refund") as stripe:
            made = stripe.v1.refunds.create(
                params={
                    "payment_intent": payment_ref, "amount": amount.minor, "metadata": {"reference": reference},
                },
                options={"idempotency_key": reference},
            )  # fmt: skip
        return _refund(made)


def _state(session: Any, intent: Any) -> PaymentState:
    if session.status == "expired":
        return PaymentState.EXPIRED
    if session.status != "complete":
        return PaymentState.OPEN
    if session.payment_status == "paid":
        return PaymentState.PAID
    if intent is not None and intent.status in {"requires_payment_method", "canceled"}:
        return PaymentState.FAILED
    return PaymentState.PROCESSING


def _fee(charge: Any) -> Money | None:
    moved = charge.balance_transaction if charge else None
    return Money(moved.fee, moved.currency.upper()) if moved else None


def _refunds_of(payment_ref: str) -> tuple[Refund, ...]:
    with call("refunds_of") as stripe:
        page = stripe.v1.refunds.list(params={"payment_intent": payment_ref, "limit": _PAGE})
        return tuple(_refund(one) for one in page.auto_paging_iter())


def _refund(one: Any) -> Refund:
    return Refund(
        ref=one.id,
        reference=str(getattr(one.metadata, "reference", "")),
        state=_REFUNDS.get(one.status, RefundState.PENDING),
        amount=Money(one.amount, one.currency.upper()),
        failure=_word(getattr(one, "failure_reason", None) or ""),
    )


def _disputes_of(payment_ref: str) -> tuple[Dispute, ...]:
    with call("disputes_of") as stripe:
        page = stripe.v1.disputes.list(params={"payment_intent": payment_ref, "limit": _PAGE})
    return tuple(
        Dispute(
            ref=one.id, amount=Money(one.amount, one.currency.upper()), status=_word(one.status),
            is_withdrawn=sum(entry.amount for entry in one.balance_transactions) < 0, is_over=one.status in _OVER,
            fee=_fee_of_dispute(one.balance_transactions),
        ) for one in page.data
    )  # fmt: skip


def _fee_of_dispute(moved: Any) -> Money | None:
    """Kept where the money was taken; one that comes back with it is named by `reconcile`."""
    kept = [entry for entry in moved if entry.amount < 0 and entry.fee]
    return Money(sum(entry.fee for entry in kept), kept[0].currency.upper()) if kept else None


def _word(text: str) -> str:
    """A code of theirs, kept to what a code looks like."""
    return text if re.fullmatch("[a-z_]{1,60}", text) else ""


@cache
def adapter() -> StripeGateway:
    """The one Stripe gateway."""
    return StripeGateway()


def books() -> ledger.StripeBooks:
    """Its balance transactions."""
    return ledger.StripeBooks()
