"""One suite for every gateway: the sandbox, Stripe's double, and Stripe's test mode when STRIPE_TEST_KEY gives a key.

What the double accepts and Stripe refuses is a defect of the double:

    STRIPE_TEST_KEY=sk_test_… make test PYTEST_ARGS=tests/payments/topups/test_gateways.py
"""

import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import stripe as sdk
from django.test import Client

from payments.topups.gateway import PaymentState, RefundState, TopUpGateway, gateway
from payments.topups.models import TopUp
from tests.support.stripe_double.process import StripeDouble
from wallet.core import clock
from wallet.core.errors import GatewayRefused, GatewayUnavailable
from wallet.core.ids import new_id
from wallet.core.money import Money
from wallet.stripe import client as stripe_client
from wallet.stripe.client import API_VERSION

pytestmark = pytest.mark.django_db(transaction=True)
TEST_KEY = os.environ.get("STRIPE_TEST_KEY", "")
FIFTY = Money(5000, "EUR")


@dataclass
class Counter:
    """A gateway, and somebody who pays at it."""

    port: TopUpGateway
    #: Pays fifty euros; returns the gateway's name of the payment.
    pay: Callable[[], str]
    expire: Callable[[str], Any] | None

    def session(self, reference: str = "", amount: Money = FIFTY) -> Any:
        return self.port.create_session(
            reference=reference or new_id("top"), amount=amount, return_url="https://wallet.example/top-ups/x"
        )


def _stripe_api() -> sdk.StripeClient:
    """Our own hand at Stripe, for what a person would do there."""
    return sdk.StripeClient(TEST_KEY, stripe_version=API_VERSION)


def _pay_in_test_mode() -> str:
    made = _stripe_api().v1.payment_intents.create(
        params={
            "amount": 5000, "currency": "eur", "confirm": True, "payment_method": "pm_card_visa",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
    )  # fmt: skip
    return made.id


@pytest.fixture(params=["sandbox", "double", *(["test-mode"] if TEST_KEY else [])])
def counter(request: pytest.FixtureRequest, settings: Any, double_process: StripeDouble) -> Iterator[Counter]:
    stripe_client.client.cache_clear()
    if request.param == "sandbox":
        yield Counter(gateway("sandbox"), _pay_in_the_sandbox, None)
        return
    settings.STRIPE_SECRET_KEY = TEST_KEY if request.param == "test-mode" else double_process.key
    settings.STRIPE_API_BASE = "" if request.param == "test-mode" else double_process.url
    port = gateway("stripe")

    def pay_at_the_double() -> str:
        session = port.create_session(reference=new_id("top"), amount=FIFTY, return_url="https://wallet.example/x")
        double_process.do("pay", session=session.ref)
        return port.fetch(session_ref=session.ref).payment_ref

    def expire(session_ref: str) -> None:
        stripe_client.client().v1.checkout.sessions.expire(
            session_ref, options={"idempotency_key": secrets.token_hex(8)}
        )

    yield Counter(port, _pay_in_test_mode if request.param == "test-mode" else pay_at_the_double, expire)
    stripe_client.client.cache_clear()
    assert double_process.do("violations")["violations"] == []


def _pay_in_the_sandbox() -> str:
    top_up = TopUp.objects.create(holder_id=new_id("holder"), amount_minor=5000, currency="EUR", gateway="sandbox")
    port = gateway("sandbox")
    session = port.create_session(reference=top_up.id, amount=FIFTY, return_url="https://wallet.example/x")
    page = Client().post(
        f"/sandbox/checkout/{top_up.id}", {"card": "4242424242424242"}, content_type="application/json"
    )
    assert page.status_code == 202
    return port.fetch(session_ref=session.ref).payment_ref


def test_a_session_is_made_once_for_a_reference(counter: Counter) -> None:
    reference = new_id("top")
    first = counter.session(reference)
    assert counter.session(reference) == first
    assert first.url.startswith("http")
    found = counter.port.fetch(session_ref=first.ref)
    assert (found.state, found.amount, found.reference in {"", reference}) == (PaymentState.OPEN, FIFTY, True)


def test_the_same_reference_with_another_amount_is_refused(counter: Counter, double_process: StripeDouble) -> None:
    reference = new_id("top")
    counter.session(reference)
    with pytest.raises(GatewayRefused):
        counter.session(reference, Money(6000, "EUR"))
    double_process.do("violations")


def test_a_payment_goes_back_in_parts_once_for_each_reference(counter: Counter) -> None:
    payment_ref = counter.pay()
    parts = [new_id("part"), new_id("part")]
    made = [counter.port.refund(reference=one, payment_ref=payment_ref, amount=Money(2000, "EUR")) for one in parts]
    assert {one.state for one in made} <= {RefundState.SUCCEEDED, RefundState.PENDING}
    again = counter.port.refund(reference=parts[0], payment_ref=payment_ref, amount=Money(2000, "EUR"))
    assert again.ref == made[0].ref
    assert [one.reference for one in made] == parts


def test_what_is_not_there_is_unknown_and_never_empty(counter: Counter) -> None:
    """Break: answer an open payment for whatever is asked."""
    with pytest.raises((GatewayRefused, GatewayUnavailable)):
        counter.port.fetch(session_ref="cs_test_nothing")


def test_stripe_takes_no_more_back_than_was_paid_and_no_less_than_its_least(counter: Counter) -> None:
    if counter.expire is None:
        return  # the sandbox lets everything back
    payment_ref = counter.pay()
    with pytest.raises(GatewayRefused):
        counter.port.refund(reference=new_id("part"), payment_ref=payment_ref, amount=Money(5001, "EUR"))
    for amount in (Money(1, "EUR"), Money(100_000_000, "EUR"), Money(1001, "KWD")):
        with pytest.raises(GatewayRefused):
            counter.session(amount=amount)


def test_an_expired_session_says_so_and_its_event_is_found_by_asking(counter: Counter) -> None:
    if counter.expire is None:
        return  # the sandbox's pages expire by their age alone, and it sends its events until they are taken
    session = counter.session()
    counter.expire(session.ref)
    assert counter.port.fetch(session_ref=session.ref).state is PaymentState.EXPIRED
    told = list(counter.port.events_since(clock.real() - timedelta(minutes=5)))
    assert session.ref in {one.object_ref for one in told if one.type == "checkout.session.expired"}


def test_nothing_is_asked_inside_a_transaction(counter: Counter) -> None:
    """house.md. Break: leave `refuse_open_transaction` out of an adapter."""
    from django.db import transaction

    from wallet.core.transactions import TransactionOpen

    with transaction.atomic():
        with pytest.raises(TransactionOpen):
            counter.session()
        with pytest.raises(TransactionOpen):
            counter.port.fetch(session_ref="cs_x")
        with pytest.raises(TransactionOpen):
            counter.port.refund(reference=new_id("part"), payment_ref="pi_x", amount=FIFTY)
