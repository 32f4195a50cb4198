"""The cast of Stripe's tests: a double in a process of its own, people, and the worker's turn."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from cards.issuing.cards import get_card
from cards.issuing.networks import network
from payments.topups import tasks
from payments.topups.models import TopUp
from tests.cards.acquirer import TestCard
from tests.support import worker
from tests.support.people import Person, sign_up
from tests.support.stripe_double.process import StripeDouble
from wallet.ledger import accounts, balances
from wallet.ledger.accounts import AccountKind
from wallet.stripe import client as stripe_client


@dataclass
class Stripe:
    """The double, and the ways between it and the wallet."""

    double: StripeDouble

    def do(self, command: str, **arguments: Any) -> dict[str, Any]:
        return self.double.do(command, **arguments)

    @property
    def seen(self) -> int:
        """How many events there are."""
        return int(self.do("count", table="events")["count"])

    def deliver(self, *, since: int, reverse: bool = False, times: int = 1, work: bool = True) -> None:
        """Bring what has happened since to the webhook, through its own door."""
        events = self.do("deliveries", since=since)["deliveries"]
        for event in (reversed(events) if reverse else events) if times == 1 else [*events, *reversed(events)] * times:
            assert post_event(event["body"], event["signature"]) == 200
        if work:
            run_worker()


def post_event(body: str | bytes, signature: str) -> int:
    return Client().post(
        "/webhooks/stripe", body, content_type="application/json", headers={"stripe-signature": signature}
    ).status_code  # fmt: skip


def run_worker(*, topics: str = "topups.") -> None:
    """Do what the worker would, until nothing of ours is due."""
    worker.run_worker(topics)


def retry_now() -> None:
    """As if the time of every next try had come."""
    worker.retry_now("topups.")


def ask(person: Person, minor: int = 5000, currency: str = "EUR", **more: Any) -> str:
    """A top-up, by the holder API; its id."""
    answer = person.client.post(
        "/v1/top-ups", {"amount": {"value": minor, "currency": currency}, **more}, content_type="application/json",
        headers={"Idempotency-Key": secrets.token_hex(8)},
    )  # fmt: skip
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def post(person: Person, path: str, body: Any = None) -> Any:
    return person.client.post(
        path, body or {}, content_type="application/json", headers={"Idempotency-Key": secrets.token_hex(8)}
    )


def status(top_up_id: str) -> str:
    return TopUp.objects.get(id=top_up_id).status


def on_main(person: Person, currency: str = "EUR") -> int:
    return balances.available(accounts.main(person.holder.pk, currency)).minor


def owes(person: Person, currency: str = "EUR") -> int:
    return balances.available(accounts.shortfall(person.holder.pk, currency)).minor


def at_stripe(currency: str = "EUR") -> int:
    """What Stripe has taken and not given back, by our books."""
    return -balances.of_programme(accounts.programme(AccountKind.STRIPE_CLEARING, currency)).minor


def topped_up(stripe: Stripe, person: Person, minor: int = 5000, method: str = "4242424242424242", **more: Any) -> str:
    """A top-up that was paid and told of."""
    top_up = ask(person, minor, **more)
    run_worker()
    since = stripe.seen
    stripe.do("pay", session=top_up, method=method)
    stripe.deliver(since=since)
    return top_up


def card_with(person: Person, minor: int) -> TestCard:
    """A card with so much of the person's own money, in a shop's hands."""
    made = post(
        person, "/v1/cards", {"currency": "EUR", "kind": "standard", "load": {"value": minor, "currency": "EUR"}}
    )
    assert made.status_code == 201, made.content
    shown = network().reveal(card_id=made.json()["id"])
    card = get_card(person.holder.pk, made.json()["id"])
    return TestCard(card, shown.pan.reveal(), shown.expiry, shown.cvc.reveal())


def pay_away(person: Person, minor: int) -> None:
    """Spend it for good, at a shop."""
    card = card_with(person, minor)
    paid = card.authorize(minor)
    assert paid["approved"]
    card.message(paid["authorization"], "captures", minor, final=True)


def poll() -> int:
    found = tasks.poll_events()
    run_worker()
    return int(found)


@pytest.fixture(scope="session")
def double_process() -> Iterator[StripeDouble]:
    double = StripeDouble.start(secret=f"whsec_{secrets.token_hex(12)}")
    yield double
    double.stop()


@pytest.fixture
def stripe(double_process: StripeDouble, settings: Any) -> Iterator[Stripe]:
    """The wallet with Stripe (the double) as its gateway; nothing that Stripe would refuse was sent."""
    settings.TOP_UP_GATEWAY = "stripe"
    settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE = double_process.key, double_process.url
    settings.STRIPE_WEBHOOK_SECRETS = [double_process.secret]
    stripe_client.client.cache_clear()
    double_process.do("heal")
    yield Stripe(double_process)
    stripe_client.client.cache_clear()
    double_process.do("heal")
    double_process.do("key", key=double_process.key)
    assert double_process.do("violations")["violations"] == [], "Stripe would not have taken this"


@pytest.fixture
def alice() -> Person:
    return sign_up()


@pytest.fixture
def bob() -> Person:
    return sign_up()
