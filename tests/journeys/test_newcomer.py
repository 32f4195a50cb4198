"""A newcomer, alone, with a phone: from the landing page to the privacy page, through the demo chat and its friend."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import DESKTOP, PHONE, Visitor, visit
from tests.support.system import System


@pytest.fixture(params=[(PHONE, "en"), (DESKTOP, "fr")], ids=["phone-en", "desktop-fr"])
def newcomer(request: pytest.FixtureRequest, system: System, chromium: Browser) -> Iterator[Visitor]:
    width, language = request.param
    person = visit(chromium, system.url, width=width, language=language)
    person.welcome.add(system.demo_url)
    yield person
    person.context.close()
    person.check()


def open_a_wallet(visitor: Visitor) -> None:
    visitor.open("/sign-up")
    visitor.page.locator("main button").first.click()
    visitor.page.wait_for_url("**/sign-up/codes")
    code = visitor.page.locator("#codes li").first.inner_text().strip()
    visitor.page.locator("main input[name=code]").fill(code)
    visitor.page.locator("main form button").last.click()
    visitor.page.wait_for_url("**/sign-up/second")


def top_up(visitor: Visitor, amount: str) -> None:
    visitor.open("/top-ups/new")
    visitor.page.locator("main input[name=amount]").fill(amount)
    visitor.page.locator("main form button[type=submit]").click()
    visitor.page.wait_for_url("**/sandbox/checkout/**", timeout=20_000)
    visitor.page.locator(".cards button").first.click()
    expect(visitor.page.locator(".amount--in")).to_be_visible(timeout=20_000)


def make_a_card(visitor: Visitor, amount: str) -> None:
    visitor.open("/cards/new")
    visitor.page.locator("main input[name=load]").fill(amount)
    visitor.page.locator("main form button[type=submit]").click()
    visitor.page.wait_for_url(re.compile(r"/cards/card_"))


def link_the_chat(visitor: Visitor, demo_url: str) -> None:
    visitor.page.goto(demo_url)
    visitor.page.locator("#link-card a").click()
    visitor.page.wait_for_url("**/oauth/authorize**")
    shown = visitor.page.locator("main pre").inner_text()
    assert '"link": "link_' in shown, "the consent page shows the literal JSON"
    visitor.page.locator("button[value=link]").click()
    visitor.page.wait_for_url(f"{demo_url}/**", timeout=20_000)
    expect(visitor.page.locator("#link-card")).to_be_hidden()


def test_a_newcomer_pays_in_chat_and_reads_who_has_seen_what(newcomer: Visitor, system: System) -> None:
    page = newcomer.page
    open_a_wallet(newcomer)
    top_up(newcomer, "50")
    make_a_card(newcomer, "40")
    link_the_chat(newcomer, system.demo_url)

    page.locator("[data-say]").nth(1).click()
    page.locator(".bubble button").click(timeout=20_000)
    expect(page.locator(".status.paid")).to_be_visible(timeout=20_000)

    page.locator("[data-say]").nth(0).click()
    expect(page.locator(".status.paid")).to_have_count(2, timeout=30_000)

    newcomer.open("/activity")
    expect(page.locator("main")).to_contain_text("12")
    newcomer.open("/privacy")
    expect(page.locator("main")).to_contain_text("Parlour")
    newcomer.open("/privacy/exposures")
    page.locator("main a[href*='/privacy/exposures/xpo_']").first.click()
    expect(page.locator("main")).to_contain_text("preq_")
    for path in ("/", "/cards", "/requests", "/links", "/inbox", "/privacy", "/settings", "/limits"):
        newcomer.open(path)
        assert newcomer.overflow() == 0, path
    assert system.run_command("verify_ledger").returncode == 0
