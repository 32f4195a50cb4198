"""The payer's page in a real browser: a tip, a passkey, a reply that gets lost, and the way back to the chat."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Route, expect

from payments.requests.models import PaymentRequest
from tests.journeys.test_people import sign_up_here
from tests.payments import cast
from tests.payments.requests.test_requests_api import eur
from tests.support.browser import Visitor
from tests.support.web import Web

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 60_000


@pytest.fixture
def chat() -> Iterator[str]:
    """The platform's server, where people come back to."""

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><link rel=icon href=data:,><title>Parlour</title><p>Welcome back.</p>")

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_tip_the_way_back_and_a_reply_that_gets_lost(visitor: Visitor, web: Web, chat: str) -> None:
    """Break: leave the origin out of form-action; or show an error where the reply got lost."""
    parlour = cast.platform("Parlour", f"{chat}/oauth/callback")
    bob = cast.link(cast.holder(), parlour, alias="Benno")
    api = cast.api(cast.chat_token(parlour))
    items = [{"label": "Espresso", "amount": eur(250)}]
    wish = {"payee": bob.link.id, "items": items, "max_tip": eur(300), "suggested_tips": [eur(50)]}
    first, second = (
        api.post("/v1/checkouts", {**wish, **more}).json() for more in ({"return_url": f"{chat}/?room=cafe"}, {})
    )
    cast.fund(sign_up_here(visitor), 2000)
    page = visitor.page
    visitor.welcome.add(chat)

    visitor.open(f"/p/{first['payment_request']}")
    visitor.picture("checkout")
    page.get_by_role("link", name="Tip €0.50").click()
    page.get_by_role("button", name="Pay €3.00 with your passkey").click()
    page.wait_for_url(f"{chat}/**", timeout=PATIENCE)
    assert api.get(f"/v1/checkouts/{first['id']}").json()["tip"] == eur(50)

    lost: list[str] = []

    def lose(route: Route) -> None:
        """The wallet hears it and answers; nobody ever reads the answer."""
        if route.request.method == "POST":
            lost.append(route.fetch(max_redirects=0).text())
            route.abort()
        elif lost:
            route.abort()
        else:
            route.continue_()

    visitor.open(f"/p/{second['payment_request']}")
    page.route("**/p/preq_*", lose)
    page.get_by_role("button", name="Pay €2.50 with your passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("Not known yet", timeout=PATIENCE)
    assert json.loads(lost[0]) == {"next": f"/p/{second['payment_request']}"}
    assert PaymentRequest.objects.get(pk=second["payment_request"]).status == "paid"
    page.unroute("**/p/preq_*")
    expect(page.locator("main")).to_contain_text("has the money", timeout=PATIENCE)
    # The browser says itself that nothing came: that is the point.
    visitor.problems.clear()
