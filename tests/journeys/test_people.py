"""A person comes, goes, loses a device and comes back, in a real browser with a passkey of its own."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import DESKTOP, PHONE, Visitor
from wallet.users.models import Holder

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "correct horse battery"


def _press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()


def _codes(page: Page) -> list[str]:
    return [str(text).strip() for text in page.locator("#codes li").all_inner_texts()]


def sign_up(visitor: Visitor) -> list[str]:
    """From the door to the wallet with a passkey; the recovery codes."""
    visitor.open("/sign-up")
    _press(visitor.page, "Create a passkey")
    visitor.page.wait_for_url("**/sign-up/codes")
    codes = _codes(visitor.page)
    visitor.page.get_by_label("One of these codes, to be sure").fill(codes[4])
    _press(visitor.page, "I have kept them")
    visitor.page.wait_for_url("**/sign-up/second")
    return codes


def sign_up_here(visitor: Visitor) -> Holder:
    """The same in a wallet over the database of this process; who it is."""
    known = set(Holder.objects.values_list("pk", flat=True))
    sign_up(visitor)
    return Holder.objects.exclude(pk__in=known).get()


def sign_out(visitor: Visitor) -> None:
    visitor.open("/settings")
    visitor.page.locator("main").get_by_role("button", name="Sign out").click()
    visitor.page.wait_for_url("**/sign-in")


def test_a_passkey_opens_a_wallet_and_opens_it_again_without_a_name(visitor: Visitor):
    codes = sign_up(visitor)
    assert len(codes) == 10
    visitor.page.get_by_role("link", name="Go to my wallet").click()
    visitor.page.wait_for_url(re.compile(r":\d+/$"))
    sign_out(visitor)

    _press(visitor.page, "Sign in with a passkey")

    visitor.page.wait_for_url(re.compile(r":\d+/$"))
    visitor.open("/settings")
    expect(visitor.page.get_by_role("heading", name="Settings")).to_be_visible()


def test_who_says_no_to_the_passkey_is_told_that_nothing_happened_and_tries_again(visitor: Visitor):
    visitor.open("/sign-up")
    visitor.consent(given=False)
    _press(visitor.page, "Create a passkey")
    expect(visitor.page.get_by_role("status")).to_contain_text("Nothing was changed", timeout=60_000)
    visitor.consent(given=True)
    _press(visitor.page, "Create a passkey")
    visitor.page.wait_for_url("**/sign-up/codes")


def test_a_password_account_gets_a_name_and_later_a_passkey(visitor: Visitor):
    page = visitor.page
    visitor.open("/sign-up")
    page.get_by_role("link", name="Use a password").click()
    name = page.get_by_label("Your sign-in name").input_value()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    _press(page, "Open the wallet")
    page.wait_for_url("**/sign-up/codes")
    expect(page.get_by_text(name)).to_be_visible()
    page.get_by_label("One of these codes, to be sure").fill(_codes(page)[0])
    _press(page, "I have kept them")
    page.wait_for_url("**/sign-up/second")
    sign_out(visitor)

    page.get_by_role("link", name="Use a name and password").click()
    page.get_by_label("Sign-in name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    _press(page, "Sign in")
    page.wait_for_url(re.compile(r":\d+/$"))

    visitor.open("/settings/passkeys")
    page.get_by_label("Your password").fill(PASSWORD)
    _press(page, "Add a passkey")
    expect(page.get_by_text("The passkey was added.")).to_be_visible()
    expect(page.locator("strong", has_text="Passkey 1")).to_be_visible()


def test_a_lost_device_is_replaced_with_a_code(visitor: Visitor):
    codes = sign_up(visitor)
    sign_out(visitor)
    visitor.another_device()

    visitor.page.get_by_role("link", name="Use a recovery code").click()
    visitor.page.get_by_label("Recovery code").fill(codes[7].lower())
    _press(visitor.page, "Open the wallet")
    visitor.page.wait_for_url("**/settings/passkeys")
    _press(visitor.page, "Add a passkey")
    expect(visitor.page.get_by_text("The passkey was added.")).to_be_visible()

    sign_out(visitor)
    _press(visitor.page, "Sign in with a passkey")
    visitor.page.wait_for_url(re.compile(r":\d+/$"))


def test_a_yes_is_asked_where_it_is_needed_and_the_form_goes_on(visitor: Visitor):
    codes = sign_up(visitor)
    visitor.open("/settings/codes")
    _press(visitor.page, "Make ten new codes")
    expect(visitor.page.get_by_role("heading", name="Your new recovery codes")).to_be_visible()
    assert not set(_codes(visitor.page)) & set(codes)


def test_a_page_that_asks_for_a_yes_comes_back(visitor: Visitor):
    sign_up(visitor)
    visitor.open("/step-up?next=/settings/sessions")
    _press(visitor.page, "Confirm with my passkey")
    visitor.page.wait_for_url("**/settings/sessions")


def test_the_language_is_switched_in_place_and_stays(visitor: Visitor):
    visitor.open("/sign-in/password?next=/cards")
    visitor.page.get_by_role("button", name="Français").click()
    assert visitor.page.url.endswith("/sign-in/password?next=/cards")
    assert visitor.page.locator("html").get_attribute("lang") == "fr"
    visitor.open("/sign-up")
    assert visitor.page.locator("html").get_attribute("lang") == "fr"


def test_the_skip_link_is_the_first_stop_of_the_keyboard(visitor: Visitor):
    visitor.open("/sign-in")
    visitor.page.keyboard.press("Tab")
    expect(visitor.page.get_by_role("link", name="Skip to the content")).to_be_focused()


_OUTSIDE = (
    "/sign-up",
    "/sign-up/passkey",
    "/sign-up/password",
    "/sign-in",
    "/sign-in/password",
    "/recover",
    "/problems/",
)
_INSIDE = (
    "/sign-up/second",
    "/settings",
    "/settings/passkeys",
    "/settings/sessions",
    "/settings/codes",
    "/settings/password",
    "/step-up",
)


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (PHONE, "dark"), (DESKTOP, "light")])
def test_every_page_fits_its_window_and_passes_the_accessibility_rules(
    new_visitor: Callable[..., Visitor], width: int, scheme: str
):
    from axe_playwright_python.sync_playwright import Axe

    visitor = new_visitor(width=width, scheme=scheme)
    axe = Axe()
    faults: list[str] = []

    def look(path: str) -> None:
        visitor.picture(f"{path.strip('/').replace('/', '-') or 'home'}-{width}-{scheme}")
        if visitor.overflow() > 0:
            faults.append(f"{path} is {visitor.overflow()} px too wide at {width}")
        for fault in axe.run(visitor.page).response["violations"]:
            nodes = [node["target"] for node in fault["nodes"]][:3]
            faults.append(f"{path} {fault['id']}: {fault['help']} {nodes}")

    for path in _OUTSIDE:
        visitor.open(path)
        look(path)
    visitor.open("/sign-up")
    _press(visitor.page, "Create a passkey")
    visitor.page.wait_for_url("**/sign-up/codes")
    look("/sign-up/codes")
    visitor.page.get_by_label("One of these codes, to be sure").fill(_codes(visitor.page)[0])
    _press(visitor.page, "I have kept them")
    visitor.page.wait_for_url("**/sign-up/second")
    for path in _INSIDE:
        visitor.open(path)
        look(path)
    assert not faults, "\n".join(faults)
