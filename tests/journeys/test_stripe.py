"""The main story with Stripe's double as gateway and as card network, in a real browser; and Stripe hanging."""

import time
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.test_newcomer import link_the_chat, make_a_card, open_a_wallet
from tests.support.browser import Visitor, visit
from tests.support.stripe_double.process import StripeDouble
from tests.support.system import System, wait_for


@pytest.fixture(scope="module")
def stripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[System, StripeDouble]]:
    """`make run` with Stripe as its gateway and its card network, and its double, which delivers webhooks twice and out of order."""
    system = System(tmp_path_factory.mktemp("stripe"))
    double = StripeDouble.start(webhook=f"{system.api}/webhooks/stripe")
    try:
        double.do("webhooks", repeat=2, shuffle=True)
        system.settings = {
            "TOP_UP_GATEWAY": "stripe", "CARD_NETWORK": "stripe", "STRIPE_PUBLISHABLE_KEY": "pk_test_double",
            "STRIPE_SECRET_KEY": double.key, "STRIPE_API_BASE": double.url,
            "STRIPE_WEBHOOK_SECRETS": double.secret, "RATE_LIMITS": "off",
        }  # fmt: skip
        with system:
            yield system, double
            assert system.run_command("verify_ledger").returncode == 0
            assert system.run_command("verify_exposures").returncode == 0
    finally:
        double.stop()


@pytest.fixture
def newcomer(stripe: tuple[System, StripeDouble], chromium: Browser) -> Iterator[Visitor]:
    system, double = stripe
    person = visit(chromium, system.url)
    person.welcome |= {system.demo_url, double.url}
    yield person
    person.context.close()
    person.check()


def top_up(visitor: Visitor, amount: str, *, number: str, is_asked: bool = False) -> None:
    """On Stripe's own page."""
    page = visitor.page
    visitor.open("/top-ups/new")
    page.locator("main input[name=amount]").fill(amount)
    page.locator("main form button[type=submit]").click()
    page.wait_for_url("**/c/pay/**", timeout=60_000)
    page.locator("input[name=number]").fill(number)
    page.locator("form button").click()
    if is_asked:
        page.get_by_role("button", name="Complete").click()
    expect(page.locator(".amount--in")).to_be_visible(timeout=60_000)


def test_a_newcomer_pays_with_money_that_stripe_took_and_takes_the_rest_out(
    newcomer: Visitor, stripe: tuple[System, StripeDouble]
) -> None:
    system, double = stripe
    page = newcomer.page
    open_a_wallet(newcomer)
    top_up(newcomer, "50", number="4000 0027 6000 3184", is_asked=True)
    newcomer.picture("stripe-paid")
    make_a_card(newcomer, "20")
    buy_with_a_number_that_stripe_shows(newcomer, double)
    link_the_chat(newcomer, system.demo_url)
    page.locator("[data-say]").nth(1).click()
    page.locator(".bubble button").click(timeout=20_000)
    expect(page.locator(".status.paid")).to_be_visible(timeout=20_000)

    newcomer.open("/withdrawals")
    newcomer.picture("withdrawals")
    page.locator("main input[name=amount]").fill("12.50")
    page.locator("main form button[type=submit]").click()
    newcomer.picture("withdrawal-confirm")
    page.locator("form[data-stepup] button").click()
    page.wait_for_url("**/withdrawals/wd_**", timeout=60_000)
    expect(page.locator(".notice--ok")).to_be_visible(timeout=60_000)
    newcomer.picture("withdrawal")
    assert [one["amount"] for one in double.do("all", table="refunds")["data"]] == [1250]

    newcomer.open("/privacy/exposures")
    expect(page.locator("main")).to_contain_text("Stripe")
    assert double.do("violations")["violations"] == []


def buy_with_a_number_that_stripe_shows(visitor: Visitor, double: StripeDouble) -> None:
    """The wallet never has it; a shop in Paris takes two euros with it, and a phone gets a stand-in."""
    page = visitor.page
    card = page.url.rpartition("/")[2]

    def is_made() -> bool:
        page.reload()
        return "being made" not in page.locator(".card-face").inner_text()

    wait_for(is_made, seconds=60)
    visitor.open(f"/cards/{card}/reveal")
    visitor.picture("issuing-ask")
    page.locator("form[data-there] button").click()
    number = page.frame_locator("#there-number iframe").locator("body")
    expect(number).to_contain_text("400000999", timeout=60_000)
    visitor.picture("issuing-number")
    last4 = number.inner_text().strip()[-4:]
    page.get_by_role("link", name="Hide it now").click()
    expect(page.locator(".card-face")).to_contain_text(last4)

    paid = double.do("issuing-buy", card=card, amount=200)
    assert (paid["approved"], paid["reason"]) == (True, "webhook_approved")
    assert double.do("issuing-buy", card=card, amount=5000)["approved"] is False
    double.do("issuing-capture", authorization=paid["authorization"])
    double.do("issuing-tokenize", card=card)

    def is_told() -> bool:
        page.reload()
        return "Apple Pay" in page.locator("main").inner_text() and "€18.00" in page.locator(".card-face").inner_text()

    wait_for(is_told, seconds=60)
    visitor.picture("issuing-card")


def test_while_stripe_hangs_cards_are_decided_in_time_and_it_ends_by_itself(
    stripe: tuple[System, StripeDouble],
) -> None:
    """settled.md 4. Breaks: call Stripe in the web request; let every worker thread wait for it."""
    system, double = stripe
    holder = system.command("create_holder", "--username", "hanging", "--test-money", "10000")
    bearer = {"Authorization": f"Bearer {holder['access_token']}"}
    with httpx.Client(base_url=system.api, headers=bearer, trust_env=False, timeout=20) as client:
        hang(system, double, client)


def hang(system: System, double: StripeDouble, client: httpx.Client) -> None:
    """Six top-ups while Stripe hangs, and thirty payments by card."""
    money = {"value": 5000, "currency": "EUR"}
    card = client.post(
        "/v1/cards", json={"kind": "standard", "currency": "EUR", "load": money}, headers={"Idempotency-Key": "c"}
    )
    name = card.json()["id"]
    wait_for(lambda: client.get(f"/v1/cards/{name}").json()["last4"], seconds=60)
    double.do("fault", where="POST /v1/checkout/sessions", kind="hang", times=4, seconds=8)
    asked, slowest = [], 0.0
    for number in range(6):
        started = time.monotonic()
        answer = client.post("/v1/top-ups", json={"amount": money}, headers={"Idempotency-Key": f"t{number}"})
        slowest = max(slowest, time.monotonic() - started)
        asked.append(answer.json()["id"])
    approved = [pay(double, name) for _ in range(30)]
    # Some may be refused because this machine is busy; nobody waits as long as Stripe hangs.
    assert sum(approved) > 20
    assert slowest < 7
    wait_for(lambda: all(client.get(f"/v1/top-ups/{one}").json()["status"] == "pending" for one in asked), seconds=180)
    references = [one["client_reference_id"] for one in double.do("all", table="sessions")["data"]]
    assert sorted(one for one in references if one in asked) == sorted(asked)


def pay(double: StripeDouble, card: str) -> bool:
    """A payment of ten cents by card: Stripe asks while its own API hangs; in time, or a failure."""
    started = time.monotonic()
    paid = double.do("issuing-buy", card=card, amount=10)
    assert time.monotonic() - started < 7
    return bool(paid["approved"])
