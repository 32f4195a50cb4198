"""The interface speaks French as completely as English: catalogues, and what a French browser gets to see."""

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from typing import Any

import polib
import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLResolver, get_resolver
from django.utils.html import escape
from django.utils.translation import override

from cards.authorizations import radar
from cards.authorizations.models import Authorization
from payments.requests.schemas import button_title
from tests.cards import acquirer
from tests.payments import cast
from tests.payments.requests.test_requests_api import Story
from tests.payments.topups.test_top_ups import work
from tests.support.messages import catalogue_path, message_of, messages_of, placeholders, translations_of
from tests.support.people import Person, sign_up, sign_up_with_password
from wallet.core import clock
from wallet.core.errors import WalletError
from wallet.core.money import Money, format_money
from wallet.core.problems import catalogue as problems
from wallet.embedded.catalogues import APPS

#: Shorter texts also stand inside other words.
_LONG = 12
#: Pages about what programs receive are in English but for their frame; and what no browser opens.
_NOT_FOR_PEOPLE = re.compile(r"v1/|oauth/|healthz|readyz|inbox/count|\.well-known/|webhooks/|sandbox/|log/|sign-out")
_HIDDEN = {"script", "style"}
_SPOKEN = {"aria-label", "title", "alt", "placeholder", "content"}


def catalogue(app: str) -> polib.POFile:
    return polib.pofile(str(catalogue_path(app)))


@cache
def english() -> dict[str, tuple[str, re.Pattern[str]]]:
    """Every English text that has another one in French; what must stand in a page (quick to say), and how it is found."""
    texts = {}
    for app in APPS:
        for entry in catalogue(app):
            pairs = zip((entry.msgid, entry.msgid_plural or entry.msgid), translations_of(entry) * 2, strict=False)
            texts.update({text: _sought(text) for text, said in pairs if text != said and len(text) > _LONG})
    return texts


@pytest.mark.parametrize("app", APPS)
def test_every_text_of_the_source_stands_in_its_catalogue_and_nothing_else_does(app: str) -> None:
    """Mend it with `make messages`. Break: take an entry out of a catalogue."""
    assert {message_of(entry) for entry in catalogue(app)} == set(messages_of(app))


@pytest.mark.parametrize("app", APPS)
def test_every_text_has_a_french_one_with_the_same_placeholders(app: str) -> None:
    """Break: empty a `msgstr`, mark one fuzzy, or misspell a placeholder."""
    for entry in catalogue(app):
        assert not entry.fuzzy, entry.msgid
        assert len(translations_of(entry)) == (2 if entry.msgid_plural else 1), entry.msgid
        for text, said in zip((entry.msgid, entry.msgid_plural), translations_of(entry), strict=False):
            assert said.strip(), entry.msgid
            assert placeholders(said) == placeholders(text), entry.msgid


@pytest.mark.parametrize("app", APPS)
def test_the_french_is_set_as_french_is(app: str) -> None:
    """A line must not break before its colon, and the apostrophe is the curled one."""
    for entry in catalogue(app):
        for said in translations_of(entry):
            assert not re.search(r" [:;!?»]|« |[^\s]['\"]|[a-zé][;!?](?!\S)", said), said


def test_the_same_english_is_said_the_same_in_all_catalogues() -> None:
    """Django merges them into one: the first would win."""
    seen: dict[Any, tuple[str, list[str]]] = {}
    for app in APPS:
        for entry in catalogue(app):
            before = seen.setdefault((entry.msgctxt, entry.msgid), (app, translations_of(entry)))
            assert translations_of(entry) == before[1], f"{app} and {before[0]} differ about {entry.msgid!r}"


@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
@pytest.mark.parametrize("minor", [1, 1250, 99_999_999, 999_999_999_999])
def test_a_pay_button_fits_in_every_language(language: str, minor: int) -> None:
    """contract.md: at most 20 characters, in the request's language."""
    title = button_title(Money(minor, "EUR"), language)
    assert len(title) <= 20
    assert title.split()[0] == {"en": "Pay", "fr": "Payer"}[language]
    assert minor > 1250 or format_money(Money(minor, "EUR"), language) in title


# --- What a French browser gets to see -------------------------------------------------------------


class _Seen(HTMLParser):
    """The texts of a page that somebody reads or hears, without what says of itself that it is English."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._stack: list[tuple[str, bool]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        is_apart = tag in _HIDDEN or (given.get("lang") == "en") or any(apart for _tag, apart in self._stack[-1:])
        if not is_apart:
            self.texts += [value or "" for name, value in attrs if name in _SPOKEN or name.startswith("data-")]
        if tag not in {"meta", "link", "img", "input", "br", "hr", "path", "rect"}:
            self._stack.append((tag, is_apart))

    def handle_endtag(self, tag: str) -> None:
        while self._stack and self._stack.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not any(apart for _tag, apart in self._stack[-1:]):
            self.texts.append(" ".join(data.split()))


def english_in(page: str) -> list[str]:
    """Texts of the catalogues that stand in a page untranslated."""
    seen = "\n".join(text for text in _Seen(page).texts if text)
    return [text for text, (piece, pattern) in english().items() if piece in seen and pattern.search(seen)]


def _sought(text: str) -> tuple[str, re.Pattern[str]]:
    pieces = re.split(r"%\([a-z0-9_]+\)[sd]", text)
    longest = max(pieces, key=len)
    if len(longest) < _LONG:
        return longest, re.compile(r"(?!)")
    return longest, re.compile(r"\b" * text[0].isalpha() + ".+".join(map(re.escape, pieces)))


def pages() -> Iterator[str]:
    """Every page that has no parameter."""
    for pattern in _patterns(get_resolver()):
        if "<" not in pattern and not _NOT_FOR_PEOPLE.match(pattern):
            yield f"/{pattern}"


def _patterns(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            yield from _patterns(one, prefix + str(one.pattern))
        else:
            yield prefix + str(one.pattern)


@pytest.fixture
def alice() -> Person:
    """She has a passkey, money, cards of each kind, notices, and a French browser."""
    person = sign_up(Client(headers={"accept-language": "fr"}))
    cast.fund(person.holder, 20_000)
    return person


def check(client: Client, path: str, data: dict[str, Any] | None = None) -> str:
    """Open a page, or send its form, and read the answer."""
    answer = client.get(path) if data is None else client.post(path, data)
    text: str = answer.content.decode()
    if answer.status_code not in {301, 302, 303, 405} and answer["Content-Type"].startswith("text/html"):
        assert '<html lang="fr">' in text, path
        assert english_in(text) == [], path
    return text


@pytest.mark.django_db(transaction=True)
def test_no_page_shows_english_to_a_french_browser(alice: Person) -> None:
    """Break: take a `translate` away from a text of a template, or put `gettext` for `gettext_lazy` into a module's table."""
    visitor = Client(headers={"accept-language": "fr"})
    newcomer = sign_up_with_password().client
    newcomer.get("/")  # what was said at the sign-up was said in English
    newcomer.defaults["HTTP_ACCEPT_LANGUAGE"] = "fr"
    opened = list(pages())
    assert {"/", "/sign-in", "/settings/passkeys", "/cards/new", "/privacy", "/limits", "/requests"} <= set(opened)
    for path in [*opened, "/nowhere"]:
        for client in (visitor, newcomer, alice.client):
            check(client, path)


@pytest.mark.django_db(transaction=True)
def test_cards_speak_french_in_all_their_states(alice: Person) -> None:
    """Rules, refusals, forms sent back, the number."""
    rules = {"daily": 5000, "countries": ["FR"], "mcc_block": ["7995"]}
    for kind in ("standard", "single_use", "merchant_locked"):
        card = acquirer.issue(2000, kind=kind, holder_id=alice.holder.id, controls=rules)
        page = f"/cards/{card.card.id}"
        card.authorize(99_900)
        card.authorize(500, merchant={**acquirer.SHOP, "country": "BE"})
        card.authorize(500, cvc=card.wrong_cvc)
        for decided in Authorization.objects.filter(card=card.card):
            radar.tell(authorization_id=decided.id, now=clock.now())
        assert "Le code de sécurité était faux" in check(alice.client, page)
        check(alice.client, f"{page}/money", {"amount": "x", "direction": "load"})
        check(alice.client, f"{page}/money", {"amount": "9999", "direction": "unload"})
        check(alice.client, f"{page}/rules", {"daily": "x", "countries": "France"})
        check(alice.client, f"{page}/rules/try", {"per_transaction": "1"})
        check(alice.client, f"{page}/reveal")
        alice.step_up()
        check(alice.client, f"{page}/reveal", {"meant_for": "Bakery"})
        check(alice.client, f"{page}/freeze", {"frozen": "yes"})
        check(alice.client, page)
        check(alice.client, f"{page}/close")
        check(alice.client, f"{page}/close", {})
        check(alice.client, page)
    check(alice.client, "/cards/new", {"kind": "platform", "load": "x"})
    for path in ("/cards", "/activity", "/inbox", "/privacy", "/privacy/exposures", "/"):
        check(alice.client, path)


@pytest.mark.django_db(transaction=True)
def test_top_ups_links_and_requests_speak_french(alice: Person) -> None:
    """A top-up on its way, a platform's link, a request from each side."""
    check(alice.client, "/top-ups/new", {"amount": "x", "currency": "EUR"})
    check(alice.client, "/top-ups/new", {"amount": "999999", "currency": "EUR"})
    made = alice.client.post("/top-ups/new", {"amount": "25,50", "currency": "EUR", "card": ""})
    checkout = made["Location"]
    top_up = checkout.removesuffix("/checkout").removeprefix("/top-ups/")
    check(alice.client, checkout)
    check(alice.client, f"/top-ups/{top_up}")
    work(top_up)
    check(alice.client, f"/sandbox/checkout/{top_up}")
    check(alice.client, f"/sandbox/checkout/{top_up}", {"card": "1"})
    check(alice.client, f"/top-ups/{top_up}")
    story = Story()
    link = cast.link(alice.holder, story.parlour, alias="Alba").link
    check(alice.client, "/links")
    check(alice.client, f"/links/{link.id}")
    check(alice.client, f"/links/{link.id}", {"per_payment": "x", "per_day": "1"})
    wanted = story.asked(payer=link.id, note="tacos")
    for path in (f"/p/{wanted['id']}", "/requests", "/inbox", "/", "/privacy"):
        check(alice.client, path)
    check(Client(headers={"accept-language": "fr"}), f"/p/{wanted['id']}")
    check(alice.client, f"/p/{wanted['id']}/decline", {"decision": "decline"})
    mine = story.asked(payee=link.id, payer=story.bob.link.id)
    for path in (f"/p/{wanted['id']}", f"/p/{mine['id']}", "/requests"):
        check(alice.client, path)
    check(alice.client, f"/links/{link.id}/end", {})
    for path in ("/links", f"/links/{link.id}", "/inbox", "/privacy/exposures"):
        check(alice.client, path)


def test_english_on_a_french_page_would_be_found() -> None:
    """The check of the checks: without it the pages above could pass by an empty list."""
    page = '<html lang="fr"><p>Nothing has moved yet</p><p lang="en">Where it was used</p><a aria-label="Skip to the content">x</a>'
    assert sorted(english_in(page)) == ["Nothing has moved yet", "Skip to the content"]
    assert english_in("<p>Top up 12,00 € and come back</p>") == ["Top up %(amount)s and come back"]


def test_what_an_error_means_is_explained_in_both_languages(client: Client) -> None:
    """Break: leave `_` out around the explanations of `catalogue`; or the docstrings out of `make messages`."""
    with override("en"):
        english_ones = problems()
    with override("fr"):
        french_ones = problems()
    # Other tests may have refusals of their own, which nobody translates.
    of_tests = {error.slug for error in WalletError.__subclasses__() if error.__module__.startswith("tests.")}
    same = {slug for slug, entry in english_ones.items() if entry.explanation == french_ones[slug].explanation}
    assert same <= of_tests
    page = client.get("/problems/not-found", headers={"accept-language": "fr"}).content.decode()
    assert escape(french_ones["not-found"].explanation) in page
