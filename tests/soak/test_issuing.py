"""The main story on Stripe's double alone, in a real browser: money by Checkout, a card by Issuing, paid with in chat."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.test_newcomer import link_the_chat, make_a_card, open_a_wallet
from tests.journeys.test_stripe import top_up
from tests.support.browser import DESKTOP, PHONE, Visitor, visit
from tests.support.stripe_double.process import StripeDouble
from tests.support.system import System, wait_for


@pytest.fixture(scope="module")
def stripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[System, StripeDouble]]:
    """`make run` with Stripe as its gateway and its card network; webhooks come twice and out of order."""
    system = System(tmp_path_factory.mktemp("issuing"))
    double = StripeDouble.start(webhook=f"{system.api}/webhooks/stripe")
    try:
        double.do("webhooks", repeat=2, shuffle=True)
        system.settings = {
            "TOP_UP_GATEWAY": "stripe", "CARD_NETWORK": "stripe", "STRIPE_PUBLISHABLE_KEY": "pk_test_double",
            "STRIPE_SECRET_KEY": double.key, "STRIPE_API_BASE": double.url, "STRIPE_WEBHOOK_SECRETS": double.secret,
            "RATE_LIMITS": "off",
        }  # fmt: skip
        with system:
            yield system, double
            assert system.run_command("verify_ledger").returncode == 0
            assert system.run_command("verify_exposures").returncode == 0
    finally:
        double.stop()


@pytest.fixture(params=[(PHONE, "en"), (DESKTOP, "fr")], ids=["phone-en", "desktop-fr"])
def newcomer(
    request: pytest.FixtureRequest, stripe: tuple[System, StripeDouble], chromium: Browser
) -> Iterator[Visitor]:
    width, language = request.param
    system, double = stripe
    person = visit(chromium, system.url, width=width, language=language)
    person.welcome |= {system.demo_url, double.url}
    yield person
    person.context.close()
    person.check()


def the_card(visitor: Visitor, amount: str) -> str:
    """A card by Issuing; its id, once Stripe has made it."""
    make_a_card(visitor, amount)
    page = visitor.page
    visitor.picture("issuing-being-made")

    def is_made() -> bool:
        page.reload()
        return page.locator(".card-face__number .visually-hidden").count() > 0

    wait_for(is_made, seconds=90)
    return page.url.rpartition("/")[2]


def look_at_the_number(visitor: Visitor, double: StripeDouble, card: str) -> None:
    """First while Stripe hangs, which ends in three seconds with a word; then in Stripe's frames."""
    page = visitor.page
    visitor.open(f"/cards/{card}/reveal")
    button = page.locator("form[data-there] button")
    double.do("fault", where="POST /v1/ephemeral_keys", kind="hang", seconds=60)
    began = time.monotonic()
    button.click()
    expect(page.locator("form[data-there] [role=status]")).not_to_be_empty(timeout=60_000)
    expect(page.locator("form[data-there]")).not_to_have_attribute("aria-busy", "true", timeout=60_000)
    assert time.monotonic() - began < 30
    visitor.picture("issuing-hanging")
    # The browser's own line about a 503.
    visitor.problems[:] = [one for one in visitor.problems if "503" not in one]
    button.click()
    number = page.frame_locator("#there-number iframe").locator("body")
    expect(number).to_contain_text("400000999", timeout=60_000)
    visitor.picture("issuing-number")
    assert visitor.overflow() == 0
    page.locator("[data-shown] a").click()


def test_a_newcomer_lives_on_stripe_alone(newcomer: Visitor, stripe: tuple[System, StripeDouble]) -> None:
    """Top-up, card, number, shop, link, chat, dashboard, money back; Stripe takes every request that was made.

    Breaks: a reveal without `is_hurried`; a decision that fetches the card; leave `refused_there` out.
    """
    system, double = stripe
    page = newcomer.page
    open_a_wallet(newcomer)
    top_up(newcomer, "50", number="4000 0027 6000 3184", is_asked=True)
    newcomer.picture("stripe-paid")
    card = the_card(newcomer, "40")
    look_at_the_number(newcomer, double, card)

    paid = double.do("issuing-buy", card=card, amount=200)
    assert (paid["approved"], paid["reason"]) == (True, "webhook_approved")
    double.do("issuing-capture", authorization=paid["authorization"])
    assert double.do("issuing-buy", card=card, amount=5000)["approved"] is False
    assert double.do("issuing-buy", card=card, amount=100, refusal="suspected_fraud")["reason"] == "own"
    double.do("issuing-tokenize", card=card)

    def has_all_come() -> bool:
        newcomer.open(f"/cards/{card}")
        return page.locator("#uses ~ * .list-row").count() >= 3 and page.locator("#stand-ins").count() == 1

    wait_for(has_all_come, seconds=90)
    newcomer.picture("issuing-card")
    assert newcomer.overflow() == 0

    link_the_chat(newcomer, system.demo_url)
    page.locator("[data-say]").nth(1).click()
    page.locator(".bubble button").click(timeout=60_000)
    expect(page.locator(".status.paid")).to_be_visible(timeout=60_000)

    newcomer.open("/privacy")
    expect(page.locator("main")).to_contain_text("Parlour")
    expect(page.locator("main")).to_contain_text("Stripe Issuing")
    newcomer.picture("issuing-privacy")
    newcomer.open("/privacy/exposures")
    newcomer.picture("issuing-exposures")
    page.locator("main a[href*='/privacy/exposures/xpo_']").first.click()
    newcomer.picture("issuing-exposure")

    newcomer.open("/withdrawals")
    newcomer.picture("withdrawals")
    page.locator("main input[name=amount]").fill("5")
    page.locator("main form button[type=submit]").click()
    newcomer.picture("withdrawal-confirm")
    page.locator("form[data-stepup] button").click()
    page.wait_for_url("**/withdrawals/wd_**", timeout=60_000)
    expect(page.locator(".notice--ok")).to_be_visible(timeout=60_000)
    newcomer.picture("withdrawal")
    for path in ("/top-ups/new", "/withdrawals", "/cards", f"/cards/{card}", f"/cards/{card}/reveal", "/activity"):
        newcomer.open(path)
        newcomer.picture(f"last{path.replace(card, 'card').replace('/', '-')}")
        assert newcomer.overflow() == 0, path
    assert double.do("violations")["violations"] == []
