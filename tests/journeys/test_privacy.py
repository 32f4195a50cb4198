"""The privacy dashboard as a person looks at it: on a phone and a desk, light and dark, in English and French."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from cards.authorizations import tasks
from cards.issuing.place_numbers import Place, make_number
from cards.issuing.reveals import reveal_card
from payments.platforms.models import Link
from privacy.exposure.models import Exposure, Recipient
from privacy.fields import Channel
from tests.cards.acquirer import OTHER_SHOP, issue
from tests.journeys.test_cards import sign_up
from tests.payments import cast
from tests.support.browser import Visitor
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.models import OutboxEntry
from wallet.users.models import Holder

pytestmark = pytest.mark.django_db(transaction=True)

ENGLISH = {
    "alarm": "passed it on", "compared": "What Parlour would have known with your bank card",
    "end": "End the link with Parlour", "ended": "Parlour is no longer linked.", "numbers": "Card numbers in circulation",
    "meant": "You meant it for Corner Shop", "scanned": "Parlour sent 1 message for detection", "bytes": "The exact bytes",
    "kept": "Sent without being allowed", "numbers_of": "The numbers",
}  # fmt: skip
FRENCH = {
    "alarm": "a transmis", "compared": "Ce que Parlour aurait su avec votre carte bancaire",
    "end": "Mettre fin au lien avec Parlour", "ended": "Le lien avec Parlour a pris fin.", "numbers": "Numéros de carte en circulation",
    "meant": "avez destiné à Corner Shop", "scanned": "Parlour a envoyé 1 message à la détection",
    "bytes": "Les octets exacts", "kept": "Envoyé sans permission", "numbers_of": "Les chiffres",
}  # fmt: skip


def tell(holder_id: str) -> Link:
    """A life: a link, payments in chat, a number shown for one shop and tried at another, a message scanned."""
    person = Holder.objects.get(pk=holder_id)
    parlour = cast.platform("Parlour")
    card = issue(20_000, holder_id=holder_id, label="Groceries")
    linked = cast.link(person, parlour, card_id=card.card.id, per_payment=3000, per_day=10_000)
    bob = cast.link(cast.holder(), parlour, alias="Benno")
    chat, tap = cast.api(cast.chat_token(parlour)), cast.api(linked.token)
    for minor in (1250, 2000, 5000):
        wish = {
            "payee": bob.link.id, "payer": linked.link.id, "amount": {"value": minor, "currency": "EUR"},
            "note": "restaurant",
        }  # fmt: skip
        made = chat.post("/v1/payment-requests", wish).json()
        assert tap.post(f"/v1/payment-requests/{made['id']}/pay").status_code == 200
        assert chat.get(f"/v1/payment-requests/{made['id']}").status_code == 200
    assert tap.get("/v1/link").status_code == 200
    said = {"text": "you owe me 20 € for the restaurant", "sender": "A", "participants": ["A", "B"]}
    assert chat.client.post(
        "/v1/suggestions", json.dumps(said), content_type="application/json",
        headers={"authorization": f"Bearer {chat.token}"},
    ).status_code == 200  # fmt: skip
    actor, now = Actor.holder(holder_id), clock.now()
    make_number(card=card.card, place=Place(merchant="shop-9", name="Bakery"), limits=_limits(), actor=actor, now=now)
    locked = issue(5000, holder_id=holder_id, label="One shop", kind="merchant_locked")
    reveal_card(card=locked.card, meant_for="Corner Shop", channel=Channel.PAGE, request_id="req_test", now=now)
    assert locked.authorize(500)["approved"]
    assert not locked.authorize(500, merchant=OTHER_SHOP)["approved"]
    for entry in OutboxEntry.objects.filter(topic="cards.authorization", done_at=None):
        tasks.tell_holder(entry)
    return linked.link


def _limits() -> Any:
    from cards.issuing.place_numbers import Limits

    return Limits(per_payment=1000)


def audit(visitor: Visitor, name: str) -> None:
    """It fits its window, and axe finds nothing against WCAG 2.2 AA."""
    visitor.picture(name)
    assert visitor.overflow() <= 0, name
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}
    faults = Axe().run(visitor.page, options=options).response["violations"]
    assert [(fault["id"], fault["nodes"][0]["target"]) for fault in faults] == [], name


@pytest.mark.parametrize(
    ("width", "scheme", "language"),
    [(390, "light", "fr"), (1280, "dark", "en")],
)
def test_who_knows_what_about_me(new_visitor: Callable[..., Visitor], width: int, scheme: str, language: str) -> None:
    visitor = new_visitor(width=width, scheme=scheme)
    page, name = visitor.page, f"privacy-{width}-{scheme}-{language}"
    holder_id = sign_up(visitor)
    visitor.context.add_cookies([{"name": "django_language", "value": language, "url": visitor.base}])
    said = FRENCH if language == "fr" else ENGLISH
    visitor.open("/privacy")
    audit(visitor, f"{name}-empty")
    link = tell(holder_id)

    visitor.open("/privacy")
    text = page.locator("main").inner_text()
    for part in ("alarm", "compared", "numbers", "meant", "scanned", "kept"):
        assert said[part] in text, part
    audit(visitor, name)
    # Without a mouse: the picture's numbers open, and the cell opens into the list.
    page.get_by_text(said["numbers_of"], exact=True).focus()
    page.keyboard.press("Enter")
    assert page.locator("#weeks-numbers table").is_visible()

    parlour = Recipient.objects.get(kind="platform", ref=link.platform_id)
    page.locator(f'a[href="/privacy/recipients/{parlour.id}"]:visible').first.press("Enter")
    page.wait_for_url(f"**/privacy/recipients/{parlour.id}")
    audit(visitor, f"{name}-recipient")
    page.locator('a[href*="field=payment.note"]').click()
    page.wait_for_url("**/privacy/exposures?*")
    audit(visitor, f"{name}-list")
    page.locator("main .list a").first.click()
    page.get_by_role("heading", name=said["bytes"]).wait_for()
    audit(visitor, f"{name}-bytes")
    shown = page.locator("#bytes").inner_text()
    assert '"note":"restaurant"' in shown
    assert Exposure.objects.filter(pk=page.url.rsplit("/", 1)[1], holder_id=holder_id).exists()

    visitor.open("/privacy")
    page.get_by_role("button", name=said["end"]).click()
    page.get_by_text(said["ended"]).wait_for()
    assert Link.objects.get(pk=link.pk).status == "ended"
    visitor.open("/privacy")
    assert page.get_by_role("button", name=said["end"]).count() == 0
