"""Headless Chromium with a passkey of its own; a console error or a request to another origin fails the test.

    def test_…(web: Web, visitor: Visitor):
        visitor.open("/sign-up")
        visitor.page.get_by_role("button", name="Create a passkey").click()

`visitor` has a phone's window. `new_visitor(width=1280, scheme="dark", language="fr")` makes others, each a person of
their own. `PICTURES=folder` keeps each `visitor.picture(name)`.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession, ConsoleMessage, Page, Request, sync_playwright

from tests.support.web import Web

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PHONE, DESKTOP = 390, 1280


@dataclass
class Visitor:
    page: Page
    base: str
    context: BrowserContext
    cdp: CDPSession
    authenticator: str
    #: Origins besides the wallet's that this story visits on purpose (the demo).
    welcome: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        """Go to a page of the wallet."""
        self.page.goto(self.base + path)

    def picture(self, name: str) -> None:
        """Keep a picture of the whole page, where somebody wants to look at them."""
        if folder := os.environ.get("PICTURES"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=f"{folder}/{name}.png", full_page=True)

    def consent(self, *, given: bool) -> None:
        """Whether the person touches the sensor when the passkey asks."""
        self.cdp.send("WebAuthn.setUserVerified", {"authenticatorId": self.authenticator, "isUserVerified": given})

    def another_device(self) -> None:
        """Put the passkeys made so far away and take up a device without any."""
        self.cdp.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self.authenticator})
        self.authenticator = _authenticator(self.cdp)

    def check(self) -> None:
        """Nothing failed in the console, nothing came from elsewhere, nothing is wider than the window."""
        assert not self.problems, self.problems

    def overflow(self) -> int:
        """How many pixels the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.problems.append(f"{self.page.url}: {message.text}")

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if parts.scheme not in {"data", "blob"} and origin != self.base and origin not in self.welcome:
            self.problems.append(f"{self.page.url} asked {origin}")


def _authenticator(cdp: CDPSession) -> str:
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    return str(cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"])


def visit(browser: Browser, base: str, *, width: int = PHONE, scheme: str = "light", language: str = "en") -> Visitor:
    """A person with a browser of their own."""
    context = browser.new_context(
        viewport={"width": width, "height": 844 if width < 600 else 900},
        color_scheme="dark" if scheme == "dark" else "light", locale=language, device_scale_factor=1,
    )  # fmt: skip
    context.set_default_timeout(10_000)
    page = context.new_page()
    cdp = context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    visitor = Visitor(page=page, base=base, context=context, cdp=cdp, authenticator=_authenticator(cdp))
    page.on("console", visitor._heard)
    page.on("pageerror", lambda error: visitor.problems.append(f"{page.url}: {error}"))
    page.on("request", visitor._asked)
    return visitor


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser, once a run."""
    # Playwright keeps an event loop in this thread; Django would take every query here for one inside it.
    patch = pytest.MonkeyPatch()
    patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()
    patch.undo()


@pytest.fixture
def new_visitor(web: Web, chromium: Browser) -> Iterator[Callable[..., Visitor]]:
    """Make people with browsers; each is checked when the test ends."""
    visitors: list[Visitor] = []

    def make(**options: object) -> Visitor:
        visitors.append(visit(chromium, web.url, **options))  # type: ignore[arg-type]
        return visitors[-1]

    yield make
    for visitor in visitors:
        visitor.context.close()
    for visitor in visitors:
        visitor.check()


@pytest.fixture
def visitor(new_visitor: Callable[..., Visitor]) -> Visitor:
    """One person with a phone."""
    return new_visitor()
