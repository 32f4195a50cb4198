"""A card by Stripe Issuing in a real browser, with Stripe's double: made, looked at, bought with, and declined."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.test_newcomer import make_a_card, open_a_wallet
from tests.journeys.test_stripe import top_up
from tests.support.browser import visit
from tests.support.stripe_double.process import StripeDouble
from tests.support.system import System, wait_for


@pytest.fixture(scope="module")
def stripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[System, StripeDouble]]:
    """`make run` with Stripe as its gateway and its card network."""
    system = System(tmp_path_factory.mktemp("issuing"))
    double = StripeDouble.start(webhook=f"{system.api}/webhooks/stripe")
    try:
        system.settings = {
            "TOP_UP_GATEWAY": "stripe", "CARD_NETWORK": "stripe", "STRIPE_PUBLISHABLE_KEY": "pk_test_double",
            "STRIPE_SECRET_KEY": double.key, "STRIPE_API_BASE": double.url, "STRIPE_WEBHOOK_SECRETS": double.secret,
            "RATE_LIMITS": "off",
        }  # fmt: skip
        with system:
            yield system, double
    finally:
        double.stop()


def test_a_number_that_the_wallet_never_has_pays_in_a_shop(
    stripe: tuple[System, StripeDouble], chromium: Browser
) -> None:
    system, double = stripe
    visitor = visit(chromium, system.url)
    visitor.welcome |= {double.url}
    page = visitor.page
    open_a_wallet(visitor)
    top_up(visitor, "50", number="4242 4242 4242 4242")
    make_a_card(visitor, "20")
    card = page.url.rpartition("/")[2]

    def is_made() -> bool:
        page.reload()
        return "being made" not in page.locator(".card-face").inner_text()

    wait_for(is_made, seconds=60)
    visitor.open(f"/cards/{card}/reveal")
    page.locator("form[data-there] button").click()
    number = page.frame_locator("#there-number iframe").locator("body")
    expect(number).to_contain_text("400000999", timeout=60_000)
    visitor.picture("issuing-number")
    page.get_by_role("link", name="Hide it now").click()
    paid = double.do("issuing-buy", card=card, amount=200)
    assert (paid["approved"], paid["reason"]) == (True, "webhook_approved")
    assert double.do("issuing-buy", card=card, amount=5000)["approved"] is False
    assert double.do("violations")["violations"] == []
    visitor.context.close()
    visitor.check()
