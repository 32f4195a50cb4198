"""Linking and paying as a person does it: Chromium, a passkey, and the platform's own redirect (CSP form-action)."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from payments.platforms.models import Link
from payments.requests.asking import Wish, create_request
from payments.requests.models import PaymentRequest
from tests.journeys.test_people import sign_up_here
from tests.payments import cast
from tests.support.browser import PHONE, Visitor
from tests.support.web import Web
from wallet.core import clock
from wallet.core.money import Money

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def callback() -> Iterator[tuple[str, list[str]]]:
    """The platform's server on another host name; keeps what the browser was sent back with."""
    got: list[str] = []

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/oauth/callback"):
                got.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><link rel=icon href=data:,><title>Parlour</title><p>Linked.</p>")

        def log_message(self, *_words: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/oauth/callback", got
    server.shutdown()
    server.server_close()


def test_link_then_pay_and_the_platform_gets_a_code(
    visitor: Visitor, web: Web, callback: tuple[str, list[str]]
) -> None:
    """Break: leave the redirect's origin out of form-action: Chromium stops at the consent page."""
    redirect, got = callback
    parlour = cast.platform("Parlour", redirect)
    visitor.welcome.add(redirect.rsplit("/", 2)[0])
    alice = sign_up_here(visitor)
    members = {
        "response_type": "code", "client_id": parlour.id, "redirect_uri": redirect, "scope": "link payments:pay",
        "state": "s-1", "code_challenge": cast.pkce()[1], "code_challenge_method": "S256",
    }  # fmt: skip
    page = visitor.page
    visitor.open("/oauth/authorize?" + urlencode(members))
    visitor.picture("consent")
    assert visitor.overflow() <= 0
    assert '"note": "…"' in page.locator("pre").inner_text()
    page.get_by_label("Leave out the note").check()
    assert '"note": null' in page.locator("pre").inner_text()
    page.get_by_label("Your name there").fill("Alma")
    page.get_by_role("button", name="Link with your passkey").click()
    page.wait_for_url(f"{redirect}?*")
    query = parse_qs(urlsplit(got[0]).query)
    assert (query["state"], query["iss"]) == (["s-1"], [web.url])
    link = Link.objects.get(holder_id=alice.id)
    assert (link.status, link.alias, link.hide_note) == ("active", "Alma", True)

    bob = cast.link(cast.holder(), parlour, alias="Benno")
    wish = Wish(payee=bob.link.id, payer=link.id, amount=Money(2000, "EUR"), note="restaurant, Friday")
    made = create_request(platform=parlour.platform, wish=wish, now=clock.now())
    visitor.open(f"/p/{made.id}")
    visitor.picture("pay-no-money")
    assert page.get_by_role("link", name="Top up €20.00 and come back").is_visible()
    cast.fund(alice, 5000)
    visitor.open("/requests")
    visitor.picture("requests")
    page.get_by_role("link", name="Benno").click()
    page.wait_for_url(f"**/p/{made.id}")
    visitor.picture("pay")
    assert visitor.overflow() <= 0
    page.get_by_role("button", name="Pay €20.00 with your passkey").click()
    page.get_by_role("heading", name="Paid").wait_for()
    visitor.picture("paid")
    assert PaymentRequest.objects.get(pk=made.id).status == "paid"
    visitor.open("/links")
    visitor.picture("links")
    visitor.open(f"/links/{link.id}")
    visitor.picture("link")
    assert visitor.overflow() <= 0
    visitor.check()


def test_a_stranger_sees_a_door(new_visitor: Any) -> None:
    somebody = new_visitor(width=PHONE)
    somebody.open("/p/preq_" + "x" * 22)
    somebody.picture("door")
    assert somebody.page.get_by_role("link", name="Open a wallet").is_visible()
    somebody.check()
