"""The developer's corner in a real browser: an app, its keys, a webhook that is tried, its own calls."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe

from payments.webhooks.models import Delivery
from tests.journeys.test_people import sign_up
from tests.payments.webhooks.receiving import Platform, deliver
from tests.support.browser import Visitor

pytestmark = pytest.mark.django_db(transaction=True)


def seen(visitor: Visitor, name: str) -> None:
    """It fits the window and axe finds nothing."""
    visitor.picture(f"developers-{visitor.page.viewport_size['width']}-{name}")  # type: ignore[index]
    assert visitor.overflow() <= 0, name
    assert Axe().run(visitor.page).response["violations"] == [], name


@pytest.mark.parametrize("width", [390, 1280])
def test_an_app_is_registered_and_its_webhook_tried(new_visitor: Callable[..., Visitor], width: int) -> None:
    """Break: leave `data-stepup` off the form that makes another secret."""
    visitor, server = new_visitor(width=width), Platform()
    page = visitor.page
    sign_up(visitor)
    visitor.open("/developers")
    seen(visitor, "home")
    page.get_by_role("link", name="Register an app").click()
    page.get_by_label("Name of the app").fill("Parlour")
    page.get_by_label("Redirect addresses").fill("http://127.0.0.1:9000/callback")
    seen(visitor, "new")
    page.get_by_role("button", name="Register it").click()
    first = page.locator("#secret").inner_text()
    client_id = page.locator("#client-id").inner_text()
    seen(visitor, "keys")
    page.get_by_role("link", name="I have kept it").click()
    seen(visitor, "app")
    page.get_by_role("button", name="Make another secret").click()
    page.locator("#secret").wait_for()
    assert page.locator("#secret").inner_text() != first
    page.get_by_role("link", name="I have kept it").click()
    page.get_by_role("link", name="Webhooks").click()
    page.get_by_label("Address").fill(server.url)
    seen(visitor, "webhooks")
    page.get_by_role("button", name="Add it").click()
    assert page.locator("#secret").inner_text().startswith("whsec_")
    page.get_by_role("link", name="I have kept it").click()
    page.get_by_role("button", name="Send a test event").click()
    page.get_by_text("A test event is on its way").wait_for()
    deliver(Delivery.objects.get(event__platform__client_id=client_id).id)
    page.reload()
    page.get_by_text("Delivered").wait_for()
    seen(visitor, "endpoint")
    page.get_by_role("link", name="Calls").click()
    page.get_by_text("Nothing yet.").wait_for()
    seen(visitor, "calls")
    server.stop()
