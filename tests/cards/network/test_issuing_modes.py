"""Cards at Stripe: its double, and Stripe's test mode when STRIPE_TEST_KEY and STRIPE_TEST_ISSUING say so.

What the double accepts and Stripe refuses is a defect of the double. The currency is the one of your Issuing account:

    STRIPE_TEST_KEY=sk_test_… STRIPE_TEST_ISSUING=EUR make test PYTEST_ARGS=tests/cards/network/test_issuing_modes.py

Everything here goes by the official API: no command of the double's is used, and no webhook comes.
"""

import os
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import stripe as sdk

from cards.authorizations.models import Authorization
from cards.network import tasks
from cards.network.models import IssuingNumber
from cards.network.stripe import made
from tests.cards.network.issuing_cast import call, card_of, cards_by_stripe, on_card, run_worker, shown
from tests.support.people import Person, sign_up
from tests.support.stripe_double.process import StripeDouble
from wallet.core import clock
from wallet.stripe.client import API_VERSION

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("time_enough")]
TEST_KEY, CURRENCY = os.environ.get("STRIPE_TEST_KEY", ""), os.environ.get("STRIPE_TEST_ISSUING", "").upper()
IS_TEST_MODE = bool(TEST_KEY and CURRENCY)


@dataclass
class Account:
    """Stripe, a hand of ours there, and a person with cards."""

    api: sdk.StripeClient
    currency: str
    person: Person

    def card(self, load: int = 0, **more: Any) -> str:
        return card_of(self.person, load, currency=self.currency, **more)

    def ref(self, card: str) -> str:
        """What Stripe calls it."""
        ref = IssuingNumber.objects.get(number_id=card).ref
        assert ref, "Stripe has not made the card"
        return ref

    def theirs(self, card: str) -> sdk.issuing.Card:
        return self.api.v1.issuing.cards.retrieve(self.ref(card))

    def money(self, minor: int) -> dict[str, Any]:
        return {"value": minor, "currency": self.currency}

    def is_as_wanted(self, card: str) -> bool:
        """Whether what Stripe gives back is what it was told; a comparison mends what is not."""
        return not made.align(number_id=card, now=clock.now())

    def hears(self, has_come: Callable[[], bool]) -> None:
        """Ask for events until it has: test mode takes some seconds to have them."""
        until = time.monotonic() + 60
        while True:
            tasks.poll_events()
            run_worker()
            if has_come():
                return
            assert time.monotonic() < until, "Stripe has told nothing of it"
            time.sleep(1)


@pytest.fixture(params=["double", *(["test-mode"] if IS_TEST_MODE else [])])
def account(request: pytest.FixtureRequest, settings: Any, issuing_process: StripeDouble) -> Iterator[Account]:
    is_real = request.param == "test-mode"
    key, base = (TEST_KEY, "") if is_real else (issuing_process.key, issuing_process.url)
    at = {"base_addresses": {"api": base}} if base else {}
    api = sdk.StripeClient(key, stripe_version=API_VERSION, **at)  # type: ignore[arg-type]
    with cards_by_stripe(settings, key=key, base=base):
        yield Account(api, CURRENCY if is_real else "EUR", sign_up())
    assert issuing_process.do("violations")["violations"] == []


def _once() -> Any:
    return {"idempotency_key": secrets.token_hex(12)}


def test_the_rules_of_a_card_are_pushed_down_and_follow_it(account: Account) -> None:
    """And what Stripe gives back is no drift. Break: leave `changed` out of `change_card`."""
    rules = {"per_transaction": account.money(2000), "monthly": account.money(9000), "countries": ["FR", "DE"]}
    card = account.card(controls=rules)
    theirs = account.theirs(card)
    assert (theirs.last4, theirs.status) == (shown(account.person, card)["last4"], "active")
    assert f"{theirs.exp_year}-{theirs.exp_month:02d}" == shown(account.person, card)["expiry"]
    limits: Any = theirs.spending_controls
    assert {one.interval: one.amount for one in limits.spending_limits} == {"per_authorization": 2000, "monthly": 9000}
    assert sorted(limits.allowed_merchant_countries) == ["DE", "FR"]
    assert account.is_as_wanted(card)
    freed = {"controls": {"monthly": None, "countries": None}}
    assert call(account.person, f"/v1/cards/{card}", freed, method="patch").status_code == 200
    run_worker()
    limits = account.theirs(card).spending_controls
    assert [one.interval for one in limits.spending_limits] == ["per_authorization"]
    assert not limits.allowed_merchant_countries
    for act, status in (("freeze", "inactive"), ("unfreeze", "active"), ("close", "canceled")):
        assert call(account.person, f"/v1/cards/{card}/{act}").status_code == 200
        run_worker()
        assert account.theirs(card).status == status
    assert account.is_as_wanted(card)


def test_a_single_use_card_ends_itself_at_stripe(account: Account) -> None:
    """And that Stripe ended it is no drift. Break: leave `may_cancel_itself` out of `align`."""
    card = account.card(kind="single_use")
    controls: Any = account.theirs(card).lifecycle_controls
    assert controls.cancel_after.payment_count == 1
    account.api.v1.issuing.cards.update(account.ref(card), params={"status": "canceled"}, options=_once())
    assert account.is_as_wanted(card)


def test_what_is_booked_without_asking_is_found_by_asking(account: Account) -> None:
    """A clearing and its refund. Break: take a refund for another clearing."""
    card = account.card(2000)
    helpers = account.api.v1.test_helpers.issuing.transactions
    taken = helpers.create_force_capture(
        params={"card": account.ref(card), "amount": 1500, "currency": account.currency.lower()}, options=_once()
    )
    account.hears(lambda: on_card(account.person, card) == (500, 0))
    helpers.refund(taken.id, params={"refund_amount": 700}, options=_once())
    account.hears(lambda: on_card(account.person, card) == (1200, 0))


def test_a_refusal_of_stripes_own_is_found_by_asking(account: Account) -> None:
    """Break: leave `refused_there` out."""
    card = account.card(5000, controls={"per_transaction": account.money(900)})
    asked = account.api.v1.test_helpers.issuing.authorizations.create(
        params={"card": account.ref(card), "amount": 1000, "currency": account.currency.lower()}, options=_once()
    )
    assert asked.approved is False
    refused = Authorization.objects.filter(card_id=card, status="declined")
    account.hears(refused.exists)
    assert [one.reason for one in refused] == ["per_transaction"]
    assert on_card(account.person, card) == (5000, 0)
