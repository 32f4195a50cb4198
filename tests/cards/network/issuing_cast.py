"""The cast of Issuing's tests: Stripe's double in a process of its own, and the ways between it and the wallet."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from cards.issuing.networks import network
from cards.network import tasks  # noqa: F401 - the worker's handlers
from cards.network.models import IssuingNumber
from tests.cards.acquirer import fund
from tests.support import worker
from tests.support.people import Person, sign_up
from tests.support.stripe_double.process import StripeDouble
from wallet.core import clock
from wallet.core.models import OutboxEntry
from wallet.ledger import accounts, balances
from wallet.stripe import client as stripe_client

URL = "/webhooks/stripe/issuing"


@dataclass
class Issuing:
    """The double as the card network of the house."""

    double: StripeDouble

    def do(self, command: str, **arguments: Any) -> dict[str, Any]:
        return self.double.do(command, **arguments)

    @property
    def seen(self) -> int:
        return int(self.do("count", table="events")["count"])

    def pay(self, card: str, amount: int, **how: Any) -> dict[str, Any]:
        """A shop asks, the wallet answers while Stripe waits, Stripe judges the answer."""
        asked = self.do("issuing-ask", card=card, amount=amount, **how)
        if asked["request"] is None:
            return {"authorization": asked["authorization"], "approved": False, "reason": "own"}
        said = post(asked["request"]["body"], asked["request"]["signature"])
        heard = self.do(
            "issuing-hear", authorization=asked["authorization"], status=said.status_code, body=said.content.decode(),
            version=said.headers.get("Stripe-Version", ""),
        )  # fmt: skip
        return {"authorization": asked["authorization"], **heard}

    def deliver(self, *, since: int, reverse: bool = False, times: int = 1) -> None:
        """Bring what has happened since to the webhook, through its own door, and let the worker work."""
        events = [
            one for one in self.do("deliveries", since=since)["deliveries"] if one["type"].startswith("issuing_")
        ]  # fmt: skip
        for event in [*(reversed(events) if reverse else events)] * times:
            assert post(event["body"], event["signature"]).status_code == 200
        run_worker()

    def at_stripe(self, number_id: str) -> dict[str, Any]:
        """Stripe's copy of a number."""
        ref = IssuingNumber.objects.get(number_id=number_id).ref
        assert ref is not None
        return self.do("find", name=ref)


def post(body: str | bytes, signature: str) -> Any:
    return Client().post(URL, body, content_type="application/json", headers={"stripe-signature": signature})


def run_worker() -> None:
    """Do what the worker would, until nothing of ours is due."""
    worker.run_worker("issuing.")


def retry_now() -> None:
    """As if the time of every next try had come."""
    worker.retry_now("issuing.")


def call(person: Person, path: str, body: Any = None, *, method: str = "post") -> Any:
    return getattr(person.client, method)(
        path, body or {}, content_type="application/json", headers={"Idempotency-Key": secrets.token_hex(8)}
    )


def card_of(person: Person, load: int = 0, *, work: bool = True, currency: str = "EUR", **more: Any) -> str:
    """A card by the holder API; its id."""
    if load:
        fund(person.holder.pk, load, currency)
        more["load"] = {"value": load, "currency": currency}
    made = call(person, "/v1/cards", {"currency": currency, "kind": "standard", **more})
    assert made.status_code == 201, made.content
    card = str(made.json()["id"])
    for _ in range(5 if work else 0):
        # A busy machine may refuse to write the log in time: the worker comes again.
        retry_now()
        if shown(person, card)["last4"]:
            break
    return card


def shown(person: Person, card: str) -> dict[str, Any]:
    return dict(person.client.get(f"/v1/cards/{card}").json())


def on_card(person: Person, card: str) -> tuple[int, int]:
    """Free and held."""
    said = shown(person, card)
    return said["balance"]["value"], said["held"]["value"]


def on_main(person: Person) -> int:
    return balances.available(accounts.main(person.holder.pk, "EUR")).minor


@pytest.fixture(scope="session")
def issuing_process() -> Iterator[StripeDouble]:
    double = StripeDouble.start(secret=f"whsec_{secrets.token_hex(12)}")
    yield double
    double.stop()


@contextmanager
def cards_by_stripe(settings: Any, *, key: str, base: str) -> Iterator[None]:
    """The house with Stripe at this address as its card network."""
    settings.CARD_NETWORK = "stripe"
    settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE = key, base
    stripe_client.client.cache_clear()
    network.cache_clear()
    yield
    stripe_client.client.cache_clear()
    network.cache_clear()
    OutboxEntry.objects.filter(done_at=None, topic__startswith="issuing.").update(done_at=clock.now())


@pytest.fixture
def issuing(issuing_process: StripeDouble, settings: Any, time_enough: None) -> Iterator[Issuing]:
    """The wallet with Stripe Issuing (the double) as its network; nothing that Stripe would refuse was sent."""
    settings.STRIPE_WEBHOOK_SECRETS = [issuing_process.secret]
    settings.STRIPE_PUBLISHABLE_KEY = "pk_test_double"
    issuing_process.do("heal")
    with cards_by_stripe(settings, key=issuing_process.key, base=issuing_process.url):
        yield Issuing(issuing_process)
    issuing_process.do("heal")
    issuing_process.do("key", key=issuing_process.key)
    assert issuing_process.do("violations")["violations"] == [], "Stripe would not have taken this"


@pytest.fixture
def alice() -> Person:
    return sign_up()
