"""A browser checks the log by itself: signature, growth since the last look, and the entry on the page."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from privacy.exposure import witnesses
from privacy.exposure.models import Exposure, Recipient
from tests.journeys.test_cards import sign_up
from tests.privacy.exposure.conftest import platform
from tests.privacy.exposure.test_log import send
from tests.support.browser import Visitor
from tests.support.sealing import seal_everything
from wallet.users.models import Holder

__all__ = ["platform"]

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 60_000


def findings(visitor: Visitor, count: int) -> dict[str, str]:
    """What the button has found: sentence and kind of each line."""
    visitor.page.locator("[data-check-log] button").click()
    lines = visitor.page.locator("[data-findings] li")
    expect(lines).to_have_count(count, timeout=PATIENCE)
    return {str(one.text_content()): str(one.get_attribute("data-kind")) for one in lines.all()}


@pytest.mark.parametrize(("width", "language"), [(390, "fr"), (1280, "en")])
def test_the_button_proves_the_entry_and_remembers_the_log(
    new_visitor: Callable[..., Visitor], platform: Recipient, width: int, language: str
) -> None:
    """Settled 15. Breaks: take any root for the kept one; compare the record with no bytes; say yes without Ed25519."""
    visitor = new_visitor(width=width, language=language)
    holder_id = sign_up(visitor) if language == "en" else sign_up_in_french(visitor)
    for _ in range(3):
        send(platform, {"payee": holder_id, "payer": None}, payer=None, note="Crêpes à deux")
    seal_everything()
    exposure = Exposure.objects.filter(holder_id=holder_id).order_by("seq")[1]
    visitor.open(f"/privacy/exposures/{exposure.id}")
    # Somebody else's test may have had the log of this run witnessed.
    witnessed = "ok" if witnesses.newest() else "open"
    first = findings(visitor, 4)
    assert sorted(first.values()) == ["ok", "ok", "ok", witnessed], first
    send(platform, {"payee": holder_id, "payer": None}, payer=None)
    seal_everything()
    again = findings(visitor, 4)
    assert sorted(again.values()) == ["ok", "ok", "ok", witnessed], again
    assert any(re.search(r"only grown|que croître", line) for line in again)
    visitor.picture(f"check-log-{width}-{language}")
    assert visitor.overflow() <= 0
    assert Axe().run(visitor.page).response["violations"] == []
    visitor.page.evaluate("document.getElementById('bytes').textContent += ' '")
    assert "bad" in findings(visitor, 4).values(), "other bytes than those that were proved"
    visitor.open("/privacy")
    assert sorted(findings(visitor, 3).values()) == ["ok", "ok", witnessed]
    forged = "localStorage.setItem('paravent.log', JSON.stringify({...JSON.parse(localStorage['paravent.log']), root: btoa('x'.repeat(32))}))"
    visitor.page.evaluate(forged)
    assert "bad" in findings(visitor, 3).values(), "another history than the one that was kept"


def sign_up_in_french(visitor: Visitor) -> str:
    before = set(Holder.objects.values_list("id", flat=True))
    page = visitor.page
    visitor.open("/sign-up")
    page.locator("main button").first.click()
    page.wait_for_url("**/sign-up/codes")
    page.locator("input[name=code]").fill(page.locator("#codes li").first.inner_text())
    page.locator("form:has(input[name=code]) button").click()
    page.wait_for_url(lambda url: "codes" not in url)
    return str((set(Holder.objects.values_list("id", flat=True)) - before).pop())
