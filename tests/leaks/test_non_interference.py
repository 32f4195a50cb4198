"""Non-interference: what a platform, its server and a shop receive does not depend on what they must not know.

Two stories are told to them through taps outside the process. They differ in the bank card, the sign-in name, the alias,
the language, the balance above the amount, other links, the card's name and number (settled.md 49). What came over the
wire is the same, byte for byte and header for header, once what is random anew each time (ids, tokens, signatures,
times) is replaced by its place in the order of appearance; its lengths are part of the comparison.
"""

import difflib
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.test import Client

from payments.platforms import links
from tests.cards import acquirer
from tests.payments import cast
from tests.payments.cast import Client3, Linked
from tests.payments.topups import test_top_ups
from tests.payments.topups.test_top_ups import deliveries
from tests.payments.webhooks.receiving import Platform, work
from tests.support.tap import Exchange, Tap, tapped
from tests.support.web import Web
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.money import Money
from wallet.users.models import Holder
from wallet.users.people import create_holder

__all__ = ["deliveries"]

pytestmark = pytest.mark.django_db(transaction=True)

#: Made anew each time: ids, tokens, secrets, times, signatures.
RANDOM = re.compile(
    r"(?:preq|link|evt|whe|del|req|auth|cap|xpo)_[0-9A-Za-z_-]{16,}|whsec_[0-9A-Za-z+/=]+"
    r"|\d{4}-\d\d-\d\dT[\d:.]+Z|v1,[0-9A-Za-z+/=]{44}|(?<=\"access_token\":\")[^\"]+|(?<=\"refresh_token\":\")[^\"]+"
)
RANDOM_HEADERS = {"date", "webhook-timestamp", "host"}


@dataclass(frozen=True)
class Secrets:
    """What a platform must not know of a person."""

    name: str
    alias: str
    language: str
    bank_card: str
    balance: int
    label: str
    other_links: int


PLAIN = Secrets("", "", "en", "4242424242424242", 5_000, "", 0)
OTHER = Secrets("canary-q7", "Zoé Canary-Q7 the Longest of Names", "fr", "4000002760003184", 912_345, "Canary card", 2)


class Story:
    """One telling: the same words to the platform, whoever the people are."""

    def __init__(self, url: str, hooks: int, hidden: Secrets) -> None:
        self.http = httpx.Client(base_url=url, timeout=60, trust_env=False)
        self.hooks = hooks
        self.parlour = cast.platform("Parlour")
        self.alice, self.bob = self._person(hidden), self._person(hidden)

    def _person(self, hidden: Secrets) -> Linked:
        name = f"{hidden.name}-{secrets.token_hex(4)}" if hidden.name else None
        person = create_holder(username=name, now=clock.now(), language=hidden.language)
        self._top_up(person, hidden)
        others: list[Client3] = [cast.platform(f"Other {n}") for n in range(hidden.other_links)]
        for other in others:
            cast.link(person, other, alias=hidden.alias)
        card = acquirer.cards.issue_card(
            holder_id=person.pk, currency="EUR", kind="standard", label=hidden.label,
            load=Money(hidden.balance - 100, "EUR"), actor=Actor.holder(person.pk), now=clock.now(),
        )  # fmt: skip
        shown = acquirer.network().reveal(card_id=card.id)
        linked = cast.link(person, self.parlour, card_id=card.id, alias=hidden.alias)
        self.card = acquirer.TestCard(card, shown.pan.reveal(), shown.expiry, shown.cvc.reveal())
        return linked

    @staticmethod
    def _top_up(person: Holder, hidden: Secrets) -> None:
        browser = Client()
        browser.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        top_up = test_top_ups.ask(browser, hidden.balance)
        test_top_ups.pay(top_up["id"], {"card": hidden.bank_card})
        test_top_ups.work(top_up["id"])
        if test_top_ups.status(top_up["id"]) == "pending":
            test_top_ups.pay(top_up["id"], {"challenge": "confirm"})
            test_top_ups.work(top_up["id"])
        assert test_top_ups.on_main(person.pk) == hidden.balance

    def call(self, method: str, path: str, token: str = "", body: Any = None, **headers: str) -> Any:
        bearer = {"authorization": f"Bearer {token}"} if token else {}
        key = {"idempotency-key": secrets.token_hex(8)} if method == "POST" else {}
        answer = self.http.request(method, path, headers={**bearer, **key, **headers}, json=body)
        return answer.json() if answer.content else None

    def tell(self) -> None:
        """What happens between the platform, its people and a shop."""
        form = {"grant_type": "client_credentials", "scope": "chat"}
        auth = (self.parlour.id, self.parlour.secret)
        chat = self.http.post("/oauth/token", data=form, auth=auth).json()["access_token"]
        self.call("POST", "/v1/webhook-endpoints", chat, {"url": f"http://127.0.0.1:{self.hooks}/hooks"})
        for person in (self.alice, self.bob):
            self.call("GET", "/v1/link", person.token)
        said = {"text": "you owe me 20 €", "sender": "A", "participants": ["A", "B"]}
        self.call("POST", "/v1/suggestions", chat, said)
        paid = self.ask(chat, 2000, note="restaurant", reference="msg-1", locale="de")
        self.tap(paid)
        self.tap(paid)
        self.call("GET", f"/v1/payment-requests/{paid}", chat)
        # Beyond the mandate, of anybody, of nobody.
        self.tap(self.ask(chat, 500_000))
        self.tap(self.ask(chat, 700, payer=None))
        self.tap(f"preq_{'x' * 22}")
        self.call("POST", f"/v1/payment-requests/{self.ask(chat, 800)}/cancel", chat)
        self.call("GET", "/v1/payment-requests", chat)
        self.call("GET", "/v1/payment-requests", self.alice.token)
        self.call("HEAD", f"/v1/payment-requests/{paid}", chat)
        self.call("GET", f"/v1/payment-requests/{paid}", chat, **{"accept-language": "fr"})
        self.swipe(100)
        self.swipe(99_999_999)
        links.end_link(
            holder_id=self.alice.holder.pk, link_id=self.alice.link.id, actor=Actor.holder(self.alice.holder.pk),
            now=clock.now(),
        )  # fmt: skip
        work(self.alice.link.id)
        self.call("GET", "/v1/link", self.alice.token)
        self.call("GET", f"/v1/payment-requests/{paid}", chat)
        self.ask(chat, 900)

    def ask(self, chat: str, minor: int, **more: Any) -> str:
        wish = {
            "payee": self.bob.link.id, "payer": self.alice.link.id, "amount": {"value": minor, "currency": "EUR"}, **more
        }  # fmt: skip
        made = self.call("POST", "/v1/payment-requests", chat, wish)
        return str(made.get("id", ""))

    def tap(self, request_id: str) -> None:
        self.call("POST", f"/v1/payment-requests/{request_id}/pay", self.alice.token, {})
        work(request_id)

    def swipe(self, minor: int) -> None:
        body = self.card.body(minor, merchant=acquirer.SHOP)
        self.call("POST", "/sandbox/network/authorizations", settings.SANDBOX_NETWORK_KEY, body)


def plain(exchanges: list[Exchange], *, is_sent: bool) -> list[str]:
    """What came over, with what is random replaced by its place; the length of each stays visible."""
    names: dict[str, str] = {}

    def name(found: re.Match[str]) -> str:
        if found[0].endswith("Z") and "T" in found[0][10:11]:
            return f"<time, {len(found[0])} long>"  # two that fall into one second are not told apart
        kind = found[0].partition("_")[0] if "_" in found[0][:6] else "random"
        return names.setdefault(found[0], f"<{kind} {len(names)}, {len(found[0])} long>")

    lines = []
    for one in exchanges:
        headers, body = (one.request_headers, one.request_body) if is_sent else (one.headers, one.body)
        kept = [f"{key}: {_in_order(key, value)}" for key, value in headers if key.lower() not in RANDOM_HEADERS]
        text = "\n".join([f"{one.method} {one.path}", str(one.status), *kept, body.decode()])
        lines.append(RANDOM.sub(name, text))
    return lines


def _in_order(name: str, value: str) -> str:
    """The directives of a policy come in any order, from one answer to the next."""
    return "; ".join(sorted(value.split("; "))) if name.lower() == "content-security-policy" else value


@contextmanager
def _taps(folder: Path, web: Web, server: Platform) -> Iterator[tuple[Tap, Tap]]:
    with tapped(folder / "web", web.port) as front, tapped(folder / "hooks", server.port) as hooks:
        yield front, hooks


def told(folder: Path, web: Web, hidden: Secrets) -> tuple[list[str], list[str]]:
    """Tell it, and give what the platform and its server received."""
    server = Platform()
    try:
        with _taps(folder, web, server) as (front, hooks):
            story = Story(f"http://127.0.0.1:{front.port}", hooks.port, hidden)
            story.tell()
            story.http.close()
            answered = [one for one in front.exchanges() if not one.path.startswith("/sandbox/checkout")]
            ports = [(str(front.port), "WEB"), (str(hooks.port), "HOOK")]
            return _without(ports, plain(answered, is_sent=False)), _without(
                ports, plain(hooks.exchanges(), is_sent=True)
            )
    finally:
        server.stop()


def _without(ports: list[tuple[str, str]], lines: list[str]) -> list[str]:
    for port, name in ports:
        lines = [re.sub(rf":{port}\b", f":{name}", line) for line in lines]
    return lines


def test_what_a_platform_receives_does_not_depend_on_what_it_must_not_know(
    web: Web,
    tmp_path: Path,
    deliveries: list[Any],
) -> None:
    """Break: put the alias into the button's title, or the holder's language into a header."""
    first = told(tmp_path / "plain", web, PLAIN)
    second = told(tmp_path / "other", web, OTHER)
    for one, other in zip(first, second, strict=True):
        assert len(one) == len(other) > 0
        for here, there in zip(one, other, strict=True):
            assert here == there, "\n".join(
                difflib.unified_diff(here.splitlines(), there.splitlines(), lineterm="", n=0)
            )
    everything = "\n".join(second[0] + second[1])
    assert [secret for secret in ("anary", "4242", "3184", "Zo") if secret in everything] == []
