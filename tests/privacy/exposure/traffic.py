"""Mixed traffic of a platform, its webhooks and a card network, recorded by taps outside the process that answers.

with traffic(folder, web.port) as running:
running.run(200)
running.compare()       # wire = log = dashboard, as multisets
"""

import json
import math
import random
import re
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import orjson
from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.test import Client

from payments.platforms.scopes import LINK, PAY
from payments.platforms.tokens import issue_tokens
from payments.requests.models import PaymentRequest
from payments.requests.paying import Source, approve_request
from payments.webhooks.models import Delivery, Event
from privacy.exposure.models import Count, Disclosure
from privacy.fields import Channel
from tests.cards import acquirer
from tests.payments import cast
from tests.payments.cast import Linked
from tests.payments.requests.test_requests_api import Story
from tests.payments.webhooks.receiving import Platform, hurry_delivery, register, work
from tests.support.tap import Exchange, Tap, tapped
from wallet.core import clock
from wallet.core.models import OutboxEntry
from wallet.users.models import Holder

PROBLEM = "application/problem+json"
_TOKEN_SECONDS = 120.0
#: What leaves for a platform or a network; pages in a browser are its owner's.
CHANNELS = (Channel.API, Channel.WEBHOOK, Channel.NETWORK)


@dataclass(frozen=True, slots=True)
class Found:
    """How much was compared."""

    requests: int
    webhooks: int
    bodies: int
    disclosures: int
    nobodys: int
    problems: int
    exposures: int


@dataclass
class Traffic:
    """One platform, its people, a shop, and what they do."""

    http: httpx.Client
    web: Tap
    hooks: Tap
    server: Platform
    seed: int = 7
    made: list[dict[str, Any]] = field(default_factory=list)
    keys: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    payments: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.before = self._last_disclosure(), self._counted()
        self.random = random.Random(self.seed)  # noqa: S311 - a mixture, no secret
        self.story = Story()
        self.card = acquirer.issue(10_000_000, holder_id=self.story.alice.holder.pk)
        hook = self.story.chat.post("/v1/webhook-endpoints", {"url": f"http://127.0.0.1:{self.hooks.port}/hooks"})
        assert hook.status_code == 201, hook.content
        self.endpoint = hook.json()["id"]
        # The story's own preparations did not pass the tap.
        self.before = self._last_disclosure(), self._counted()

    # --- What is done ---------------------------------------------------------------------------------

    def run(self, number: int, progress: Callable[[str], None] = lambda _line: None) -> None:
        """So many requests."""
        acts = [
            (18, self.ask), (6, self.replay), (3, self.other_body), (12, self.read), (5, self.list), (14, self.pay),
            (5, self.pay_too_much), (4, self.pay_again), (4, self.cancel), (4, self.link), (4, self.suggest),
            (10, self.refused), (5, self.token), (5, self.endpoints), (12, self.swipe), (5, self.swipe_again),
            (4, self.network_refuses), (3, self.page),
        ]  # fmt: skip
        chosen = self.random.choices([act for _weight, act in acts], [weight for weight, _act in acts], k=number)
        # Each of them once, whatever chance says.
        chosen[: len(acts)] = [act for _weight, act in acts][:number]
        for done, act in enumerate(chosen, 1):
            act()
            if done % 25 == 0:
                self.deliver()
            if done % 250 == 0:
                progress(f"{done} of {number}")
        self.deliver()

    def call(self, method: str, path: str, *, token: str = "", **more: Any) -> httpx.Response:
        headers = {**({"authorization": f"Bearer {token}"} if token else {}), **more.pop("headers", {})}
        return self.http.request(method, path, headers=headers, **more)

    def post(self, path: str, body: Any, token: str, key: str = "") -> httpx.Response:
        return self.call("POST", path, token=token, json=body, headers={"idempotency-key": key or secrets.token_hex(8)})

    @property
    def chat(self) -> str:
        """The platform's token, fetched over the wire."""
        parlour = self.story.parlour
        form = {"grant_type": "client_credentials", "scope": "chat"}
        return self._fresh(
            "chat",
            lambda: str(
                self.http.post("/oauth/token", data=form, auth=(parlour.id, parlour.secret)).json()["access_token"]
            ),
        )

    @property
    def alice(self) -> str:
        return self.token_of(self.story.alice)

    def token_of(self, person: Linked) -> str:
        """A token of a person's link."""

        def make() -> str:
            with transaction.atomic():
                platform = self.story.parlour.platform
                return issue_tokens(holder_id=person.holder.pk, platform=platform, scopes=(LINK, PAY)).access_token

        return self._fresh(person.link.id, make)

    def _fresh(self, whose: str, make: Callable[[], str]) -> str:
        """A token that was taken not long ago: one lives five minutes, and ten thousand requests take longer."""
        token, at = self.tokens.get(whose, ("", -math.inf))
        if time.monotonic() - at > _TOKEN_SECONDS:
            token, at = make(), time.monotonic()
            self.tokens[whose] = token, at
        return token

    def ask(self, minor: int = 10) -> None:
        wish: dict[str, Any] = {
            "payee": self.story.bob.link.id, "amount": {"value": minor, "currency": "EUR"},
            "payer": self.random.choice([self.story.alice.link.id] * 4 + [None]),
        }  # fmt: skip
        if self.random.random() < 0.5:
            wish["note"] = self.random.choice(["restaurant", "pizza 🍕", "“quoted”, <b>&amp;</b>"])
        key = secrets.token_hex(8)
        answer = self.post("/v1/payment-requests", wish, self.chat, key)
        assert answer.status_code == 201, answer.text
        self.made.append(answer.json())
        self.keys.append((key, wish))

    def some(self) -> dict[str, Any]:
        if not self.made:
            self.ask()
        return self.random.choice(self.made[-40:])

    def replay(self) -> None:
        self.some()
        key, wish = self.random.choice(self.keys[-40:])
        answer = self.post("/v1/payment-requests", wish, self.chat, key)
        assert answer.headers["idempotent-replayed"] == "true"

    def other_body(self) -> None:
        self.some()
        key, wish = self.random.choice(self.keys[-40:])
        changed = {**wish, "reference": secrets.token_hex(4)}
        assert self.post("/v1/payment-requests", changed, self.chat, key).is_client_error

    def read(self) -> None:
        self.call("GET", f"/v1/payment-requests/{self.some()['id']}", token=self.chat)

    def list(self) -> None:
        first = self.call("GET", f"/v1/payment-requests?limit={self.random.randint(1, 25)}", token=self.chat).json()
        if first["next_cursor"]:
            self.call("GET", "/v1/payment-requests", token=self.chat, params={"cursor": first["next_cursor"]})

    def pay(self) -> None:
        """One tap; where it does not suffice, because too much was asked before, the person says yes on their page."""
        self.ask()
        request_id = self.made[-1]["id"]
        answer = self.post(f"/v1/payment-requests/{request_id}/pay", {}, self.alice)
        if answer.json()["status"] == "requires_approval":
            approve_request(
                payer_id=self.story.alice.holder.pk, request_id=request_id, source=Source(self.story.alice_card.id),
                now=clock.now(),
            )  # fmt: skip

    def pay_too_much(self) -> None:
        self.ask(99_000)
        self.post(f"/v1/payment-requests/{self.made[-1]['id']}/pay", {}, self.alice)

    def pay_again(self) -> None:
        self.post(f"/v1/payment-requests/{self.some()['id']}/pay", {}, self.alice)

    def cancel(self) -> None:
        self.post(f"/v1/payment-requests/{self.some()['id']}/cancel", {}, self.chat)

    def link(self) -> None:
        for person in (self.story.alice, self.story.bob):
            assert self.call("GET", "/v1/link", token=self.token_of(person)).status_code == 200

    def suggest(self) -> None:
        text = self.random.choice(["you owe me 20 € for the restaurant", "nice weather today"])
        said = {"text": text, "sender": "A", "participants": ["A", "B"]}
        assert self.call("POST", "/v1/suggestions", token=self.chat, json=said).status_code == 200

    def refused(self) -> None:
        """What is not answered: each way, one after the other."""
        gone, one = f"preq_{'x' * 22}", self.some()["id"]
        body = {"payee": self.story.bob.link.id, "amount": {"value": 0, "currency": "EUR"}}
        unknown = {"payee": f"link_{'x' * 22}", "amount": {"value": 1, "currency": "EUR"}}
        key = {"idempotency-key": secrets.token_hex(8)}
        ways: tuple[Callable[[], httpx.Response], ...] = (
            lambda: self.call("GET", f"/v1/payment-requests/{gone}", token=self.chat),
            lambda: self.call("GET", f"/v1/payment-requests/{one}", token="x" * 30),
            lambda: self.call("GET", f"/v1/payment-requests/{one}"),
            lambda: self.call("GET", "/v1/payment-requests", token=self.alice),
            lambda: self.call("GET", "/v1/link", token=self.chat),
            lambda: self.call("HEAD", f"/v1/payment-requests/{one}", token=self.chat),
            lambda: self.call("OPTIONS", f"/v1/payment-requests/{one}", token=self.chat),
            lambda: self.call("PUT", f"/v1/payment-requests/{one}", token=self.chat, json={}),
            lambda: self.call("GET", f"/v1/nothing/{one}", token=self.chat),
            lambda: self.call("GET", f"/v1/payment-requests/{one}/", token=self.chat),
            lambda: self.call("GET", "/v1/payment-requests?limit=0", token=self.chat),
            lambda: self.post("/v1/payment-requests", body, self.chat),
            lambda: self.post("/v1/payment-requests", unknown, self.chat),
            lambda: self.post("/v1/payment-requests", {**unknown, "more": 1}, self.chat),
            lambda: self.call("POST", "/v1/payment-requests", token=self.chat, json=unknown),
            lambda: self.call("POST", "/v1/payment-requests", token=self.chat, content=b"{", headers={
                **key, "content-type": "application/json"}),
            lambda: self.call("POST", "/v1/payment-requests", token=self.chat, content=b"a=1", headers={
                **key, "content-type": "application/x-www-form-urlencoded"}),
        )  # fmt: skip
        answer = self.random.choice(ways)()
        assert answer.is_client_error, answer.text

    def token(self) -> None:
        parlour = self.story.parlour
        wrong = self.random.random() < 0.3
        form = {"grant_type": "client_credentials", "scope": "chat"}
        secret = "wrong" if wrong else parlour.secret
        answer = self.http.post("/oauth/token", data=form, auth=(parlour.id, secret))
        assert answer.is_success != wrong

    def endpoints(self) -> None:
        self.call("GET", "/v1/webhook-endpoints", token=self.chat)
        self.call("GET", f"/v1/webhook-endpoints/{self.endpoint}/deliveries", token=self.chat)
        if (
            event := Event.objects.filter(platform_id=self.story.parlour.platform.pk).order_by("-at").first()
        ) is not None:
            self.call("GET", f"/v1/events/{event.id}", token=self.chat)

    def network(self, path: str, body: dict[str, Any], key: str = "") -> httpx.Response:
        bearer = {"authorization": f"Bearer {key or settings.SANDBOX_NETWORK_KEY}"}
        return self.http.post(f"/sandbox/network{path}", json=body, headers=bearer)

    def swipe(self) -> None:
        merchant = self.random.choice([acquirer.SHOP, acquirer.RESTAURANT])
        minor = self.random.choice([100, 250, 999_999_999])
        body = self.card.body(minor, merchant=merchant)
        answer = self.network("/authorizations", body).json()
        self.payments.append(("/authorizations", body))
        if answer["approved"]:
            self.network(
                f"/authorizations/{answer['authorization']}/captures",
                {"network_ref": secrets.token_hex(8), "amount": {"value": minor, "currency": "EUR"}},
            )

    def swipe_again(self) -> None:
        if self.payments:
            path, body = self.random.choice(self.payments)
            assert self.network(path, body).status_code == 200

    def network_refuses(self) -> None:
        body = self.card.body(100)
        self.network("/authorizations", body, key="wrong")
        self.network("/authorizations", {**body, "pan": "4000001234567899"})
        self.network("/authorizations", {"pan": 1})
        self.network(f"/authorizations/auth_{'x' * 22}/reversals", {"network_ref": secrets.token_hex(8)})

    def page(self) -> None:
        """The platform fetches the payer's page, as a link preview does: a door, which says nothing."""
        answer = self.http.get(f"/p/{self.some()['id']}", follow_redirects=False)
        assert "location" not in answer.headers or "restaurant" not in answer.headers["location"]

    def deliver(self) -> None:
        """What the worker does; every fourth call meets a server that fails, and is tried again."""
        mine = self.story.parlour.platform.pk
        promised = OutboxEntry.objects.filter(topic="platform.event", done_at=None, payload__platform=mine)
        for ref in promised.values_list("ref", flat=True):
            self.server.statuses = [500] if self.random.random() < 0.25 else []
            work(ref)
        for delivery in Delivery.objects.filter(event__platform_id=mine, status="pending", attempts__gt=0):
            hurry_delivery(delivery.id)
            work(delivery.event.object_id)

    # --- What is compared -----------------------------------------------------------------------------

    def compare(self) -> Found:
        """Every byte on the wire is in the log, every disclosure of the log was on the wire, the dashboard shows both."""
        answered, told = self.web.exchanges(), self.hooks.exchanges()
        guarded = [one for one in answered if re.match(r"/(v1|oauth/token|sandbox)", one.path)]
        problems = [one for one in guarded if one.body and is_problem(one)]
        assert [one.body for one in problems if not is_empty_of_people(one, self)] == []
        wire = Counter(one.digest for one in guarded if one.body and not is_problem(one))
        wire += Counter(sha256(one.request_body).hexdigest() for one in told)
        assert [one.path for one in answered if one.method == "HEAD" and one.body] == []

        rows = Disclosure.objects.filter(id__gt=self.before[0], channel__in=CHANNELS)
        log = Counter(bytes(digest).hex() for digest in rows.values_list("digest", flat=True))
        nobodys = self._counted() - self.before[1]
        assert not log - wire, f"{sum((log - wire).values())} disclosures that nobody received"
        assert sum((wire - log).values()) == nobodys, f"{sum((wire - log).values())} bodies beside the log: {nobodys}"

        ended = PaymentRequest.objects.filter(platform=self.story.parlour.platform, status__in=("paid", "canceled"))
        heard = {orjson.loads(one.request_body)["data"]["id"] for one in told}
        assert heard == set(ended.values_list("pk", flat=True)), "each that ended is told, and nothing else"

        shown = [self._shown_to(person) for person in (self.story.alice.holder, self.story.bob.holder)]
        everywhere = shown[0] | shown[1]
        assert everywhere == log, "the dashboards show something else than the log"
        return Found(
            requests=len(answered), webhooks=len(told), bodies=sum(wire.values()), disclosures=sum(log.values()),
            nobodys=nobodys, problems=len(problems), exposures=sum(shown[0].values()) + sum(shown[1].values()),
        )  # fmt: skip

    def _shown_to(self, person: Holder) -> "Counter[str]":
        """The digests that a person's dashboard lists; its pages count the same, and its bytes are those that left."""
        browser = Client()
        browser.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        listed: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            page = browser.get("/v1/exposures", {"limit": "100", **({"cursor": cursor} if cursor else {})}).json()
            listed, cursor = listed + page["data"], page["next_cursor"]
        for recipient_id, count in Counter(one["recipient"]["id"] for one in listed).items():
            text = browser.get(f"/privacy/recipients/{recipient_id}").content.decode()
            assert re.search(rf"\b{count} messages? about you", text), recipient_id
        left = [one for one in listed if one["channel"] in CHANNELS and one["at"] >= self.since]
        whole = [one for one in left if not one["withheld"]]
        for one in self.random.sample(whole, min(20, len(whole))):
            body = browser.get(f"/v1/exposures/{one['id']}").json()["body"]
            assert sha256(body.encode()).hexdigest() == one["digest"]
        return Counter(one["digest"] for one in left)

    @property
    def since(self) -> str:
        """When the traffic began, as the API writes it."""
        first = Disclosure.objects.filter(id__gt=self.before[0]).order_by("id").first()
        return first.at.isoformat(timespec="microseconds").replace("+00:00", "Z") if first else ""

    def _last_disclosure(self) -> int:
        last = Disclosure.objects.order_by("-id").first()
        return last.pk if last else 0

    def _counted(self) -> int:
        counted = Count.objects.filter(channel__in=CHANNELS).exclude(schema="problem").aggregate(total=Sum("count"))
        return int(counted["total"] or 0)


def is_problem(exchange: Exchange) -> bool:
    """Whether the answer is a problem, which is counted and never logged."""
    return exchange.header("content-type") == PROBLEM


def is_empty_of_people(exchange: Exchange, running: Traffic) -> bool:
    """Whether a problem holds its closed members alone, and nothing of what was asked or of whom."""
    body = orjson.loads(exchange.body)
    closed = body.keys() <= {"type", "title", "status", "detail", "instance", "errors"}
    text = json.dumps(body)
    private = [running.story.alice.link.id, running.story.bob.link.id, running.card.pan, running.card.card.id, "preq_"]
    return closed and not any(one in text for one in private)


@contextmanager
def traffic(folder: Path, port: int) -> Iterator[Traffic]:
    """The taps, the platform's server, the clients."""
    server = Platform()
    try:
        with (
            tapped(folder / "web", port) as web, tapped(folder / "hooks", server.port) as hooks,
            httpx.Client(
                base_url=f"http://127.0.0.1:{web.port}", timeout=60, trust_env=False,
                # Who is refused before the body was read gets an answer, and the line is closed.
                headers={"connection": "close"},
            ) as http,
        ):  # fmt: skip
            yield Traffic(http, web, hooks, server)
    finally:
        server.stop()


__all__ = ["Found", "Traffic", "cast", "register", "traffic"]
