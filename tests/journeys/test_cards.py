"""The card pages in a real browser, on a phone and on a desk."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe

from cards.vault import domains
from tests.cards.acquirer import OTHER_SHOP, RESTAURANT, TestCard, fund, issue
from tests.support.browser import Visitor
from wallet.core.ids import new_id
from wallet.users.models import Holder

pytestmark = pytest.mark.django_db(transaction=True)


def sign_up(visitor: Visitor) -> str:
    """A new person in this browser; their id."""
    before = set(Holder.objects.values_list("id", flat=True))
    visitor.open("/sign-up")
    visitor.page.get_by_role("button", name="Create a passkey").click()
    visitor.page.wait_for_url("**/sign-up/codes")
    visitor.page.locator("input[name=code]").fill(visitor.page.locator("#codes li").first.inner_text())
    visitor.page.get_by_role("button", name="I have kept them").click()
    visitor.page.wait_for_url(lambda url: "codes" not in url)
    return str((set(Holder.objects.values_list("id", flat=True)) - before).pop())


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (390, "dark"), (1280, "light")])
def test_a_card_is_made_used_shown_frozen_and_closed(
    new_visitor: Callable[..., Visitor], width: int, scheme: str
) -> None:
    visitor = new_visitor(width=width, scheme=scheme)
    page, name = visitor.page, f"cards-{width}-{scheme}"
    holder_id = sign_up(visitor)
    fund(holder_id, 50_000)
    visitor.open("/cards/new")
    page.get_by_label("A name for it").fill("Books")
    page.get_by_label("Put money on it now").fill("20")
    page.get_by_text("Rules for this card").click()
    page.get_by_label("At most in a day").fill("5,50")
    visitor.picture(f"{name}-new")
    assert visitor.overflow() <= 0
    page.get_by_role("button", name="Make the card").click()
    page.wait_for_url("**/cards/card_*")
    page.get_by_text("At most €5.50 in a day.").wait_for()

    groceries = issue(12_050, holder_id=holder_id, label="Groceries")
    groceries.authorize(1250, merchant=RESTAURANT)
    groceries.tell()
    visitor.open("/cards")
    assert page.locator(".card-face").count() == 2
    visitor.picture(f"{name}-list")
    visitor.open(f"/cards/{groceries.card.id}")
    page.get_by_text("Bistro").wait_for()
    visitor.picture(f"{name}-detail")
    assert visitor.overflow() <= 0

    page.get_by_text("Change the rules").click()
    page.get_by_label("At most in one payment").fill("10")
    page.get_by_role("button", name="Try them on my last payments").click()
    page.get_by_text("They would have blocked 1 of your last 1 payments.").wait_for()
    visitor.picture(f"{name}-tried")
    assert visitor.overflow() <= 0
    visitor.open(f"/cards/{groceries.card.id}")

    page.get_by_role("link", name="Show the number").click()
    page.get_by_label("Where will you type it?").fill("Corner Shop")
    page.get_by_role("button", name="Confirm with my passkey").click()
    page.locator("#number").wait_for()
    assert page.locator("#number").text_content() == groceries.pan
    assert page.locator("#cvc").text_content() == groceries.cvc
    visitor.picture(f"{name}-number")
    assert visitor.overflow() <= 0
    page.get_by_role("link", name="Hide it now").click()

    page.get_by_role("button", name="Freeze", exact=True).click()
    page.get_by_text("Frozen: nobody can pay with it.").wait_for()
    page.get_by_role("link", name="Close this card").click()
    page.get_by_role("button", name="Close it for good").click()
    page.get_by_text("1 closed card").wait_for()
    visitor.picture(f"{name}-closed")


def test_the_number_leaves_the_page_by_itself(visitor: Visitor) -> None:
    """Break: take the timer out of number.js and the Refresh header out of the view."""
    holder_id = sign_up(visitor)
    card = issue(100, holder_id=holder_id)
    visitor.page.clock.install()
    visitor.open(f"/cards/{card.card.id}/reveal")
    visitor.page.get_by_role("button", name="Confirm with my passkey").click()
    visitor.page.locator("#number").wait_for()
    visitor.page.clock.fast_forward(31_000)
    visitor.page.wait_for_url(f"**/cards/{card.card.id}")
    assert card.pan not in visitor.page.content()


def audit(visitor: Visitor) -> None:
    """WCAG 2.2 AA, as far as axe can tell."""
    faults = Axe().run(visitor.page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}).response
    assert [(fault["id"], fault["nodes"][0]["target"]) for fault in faults["violations"]] == []


@pytest.mark.parametrize(
    ("width", "scheme", "language"), [(390, "dark", "en"), (390, "light", "fr"), (1280, "light", "en")]
)
def test_a_shop_gets_a_number_of_its_own_that_ends_alone(
    new_visitor: Callable[..., Visitor], width: int, scheme: str, language: str
) -> None:
    visitor = new_visitor(width=width, scheme=scheme)
    page, name = visitor.page, f"numbers-{width}-{scheme}-{language}"
    holder_id = sign_up(visitor)
    link = new_id("link")
    domains.register(link, "Parlour", ["parlour-1"], holder_id=holder_id)
    card = issue(5000, holder_id=holder_id, label="Groceries")
    visitor.context.add_cookies([{"name": "django_language", "value": language, "url": visitor.base}])
    said = FRENCH if language == "fr" else ENGLISH

    visitor.open(f"/cards/{card.card.id}")
    page.get_by_role("link", name=said["make"]).click()
    page.get_by_label(said["shop"]).fill("Corner Shop")
    page.get_by_text(said["limits"]).click()
    page.get_by_label(said["total"]).fill("20")
    visitor.picture(f"{name}-new")
    assert visitor.overflow() <= 0
    audit(visitor)
    page.get_by_role("button", name=said["do"]).click()
    page.wait_for_url("**/reveal")
    assert visitor.overflow() <= 0
    audit(visitor)
    page.get_by_role("button", name=said["confirm"]).click()
    page.locator("#number").wait_for()
    typed = str(page.locator("#number").text_content())
    assert typed != card.pan
    visitor.picture(f"{name}-shown")
    expiry, cvc = (str(page.locator(f"#{part}").text_content()) for part in ("expiry", "cvc"))
    shop = TestCard(card.card, typed, f"20{expiry[3:]}-{expiry[:2]}", cvc)
    assert shop.authorize(1200)["approved"]
    assert shop.authorize(1200)["response_code"] == "61"
    assert shop.authorize(100, merchant=OTHER_SHOP)["response_code"] == "57"

    visitor.open(f"/cards/{card.card.id}")
    assert typed[6:12] not in page.content()
    page.get_by_role("link", name="Corner Shop").wait_for()
    visitor.picture(f"{name}-card")
    assert visitor.overflow() <= 0
    audit(visitor)
    page.get_by_role("link", name="Corner Shop").click()
    page.get_by_text("Corner Shop*").wait_for()
    visitor.picture(f"{name}-number")
    assert visitor.overflow() <= 0
    audit(visitor)
    page.get_by_role("button", name=said["end"]).click()
    page.get_by_text(said["ended"]).wait_for()
    assert shop.authorize(100)["response_code"] == "05"
    assert card.authorize(100)["approved"]


ENGLISH = {
    "make": "Make a number for one place", "shop": "The name of the shop", "limits": "Limits for this number",
    "total": "At most ever", "do": "Make the number", "confirm": "Confirm with my passkey", "end": "End it for good",
    "ended": "The number has ended.",
}  # fmt: skip
FRENCH = {
    "make": "Créer un numéro pour un seul endroit", "shop": "Le nom du commerçant", "limits": "Limites de ce numéro",
    "total": "Maximum au total", "do": "Créer le numéro", "confirm": "Confirmer avec ma clé",
    "end": "Le supprimer définitivement", "ended": "Le numéro est supprimé.",
}  # fmt: skip
