"""The main story with Stripe's double in place of the sandbox gateway, in a real browser; and Stripe hanging."""

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
    """`make run` with Stripe as its gateway, and its double, which delivers webhooks twice and out of order."""
    system = System(tmp_path_factory.mktemp("stripe"))
    double = StripeDouble.start(webhook=f"{system.api}/webhooks/stripe")
    try:
        double.do("webhooks", repeat=2, shuffle=True)
        system.settings = {
            "TOP_UP_GATEWAY": "stripe", "STRIPE_SECRET_KEY": double.key, "STRIPE_API_BASE": double.url,
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
    shown = system.command("card_details", "--card", card.json()["id"])
    double.do("fault", where="POST /v1/checkout/sessions", kind="hang", times=4, seconds=8)
    asked, slowest = [], 0.0
    for number in range(6):
        started = time.monotonic()
        answer = client.post("/v1/top-ups", json={"amount": money}, headers={"Idempotency-Key": f"t{number}"})
        slowest = max(slowest, time.monotonic() - started)
        asked.append(answer.json()["id"])
    approved = [pay(system, shown, number) for number in range(30)]
    # Some may be refused because this machine is busy; nobody waits as long as Stripe hangs.
    assert sum(approved) > 20
    assert slowest < 7
    wait_for(lambda: all(client.get(f"/v1/top-ups/{one}").json()["status"] == "pending" for one in asked), seconds=180)
    references = [one["client_reference_id"] for one in double.do("all", table="sessions")["data"]]
    assert sorted(one for one in references if one in asked) == sorted(asked)


def pay(system: System, shown: dict[str, str], number: int) -> bool:
    """A payment of ten cents by card; in time, or a failure."""
    started = time.monotonic()
    answer = httpx.post(
        f"{system.api}/sandbox/network/authorizations", trust_env=False, timeout=20,
        headers={"Authorization": f"Bearer {system.sandbox()['network_key']}"},
        json={
            "pan": shown["pan"], "expiry": shown["expiry"], "cvc": shown["cvc"],
            "amount": {"value": 10, "currency": "EUR"}, "network_ref": f"hang{number}",
            "merchant": {"id": "shop", "name": "Shop", "mcc": "5999", "country": "FR"},
        },
    )  # fmt: skip
    assert time.monotonic() - started < 7
    return bool(answer.json()["approved"])
