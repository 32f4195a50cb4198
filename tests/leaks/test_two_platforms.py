"""One person on two platforms, one card: laid side by side, what the two received has nothing in common (V12, V13).

A third platform is told the same story by another person: what all three have is the language of the API, and what
they sent themselves. A time is compared to the second, so each story happens some minutes after the one before.
"""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from payments.platforms import links
from payments.platforms.models import Platform
from tests.payments import cast
from tests.payments.cast import Client3
from tests.payments.platforms.test_oauth import AGREED, ask, query_of, redeem
from tests.payments.webhooks.receiving import Platform as Server
from tests.payments.webhooks.receiving import work
from tests.support.clockwork import clock_moved
from tests.support.people import Person, sign_up
from wallet.core import clock
from wallet.core.actors import Actor

pytestmark = pytest.mark.django_db(transaction=True)

_WORD = re.compile(r"[^\s\"',;=&?{}\[\]()<>/]{3,}")


class Listening:
    """A platform that keeps every word it gets: bodies, headers, redirects, webhooks."""

    def __init__(self) -> None:
        self.client: Client3 = cast.platform("Parlour")
        self.server = Server()
        self.said: list[str] = []
        self.token = cast.chat_token(self.client)

    def hear(self, answer: Any) -> Any:
        self.said += [f"{name} {value}" for name, value in answer.items()] + [answer.content.decode()]
        return answer.json() if answer.content and answer["Content-Type"] == "application/json" else None

    def call(self, method: str, path: str, token: str = "", body: Any = None) -> Any:
        headers = {
            "authorization": f"Bearer {token or self.token}",
            "idempotency-key": "k-" + cast.secrets.token_hex(8),
        }
        data = json.dumps(body) if body is not None else None
        answer = Client().generic(method, path, data or b"", content_type="application/json", headers=headers)
        return self.hear(answer)

    def link(self, person: Person, card_id: str) -> tuple[str, str]:
        """The whole way, as a browser goes it; the handle and its token."""
        verifier, challenge = cast.pkce()
        way = ask(self.client, challenge)
        person.client.get(way)
        person.step_up()
        agreed = person.client.post(way, {**AGREED, "card": card_id})
        self.said.append(agreed["Location"])
        got = self.hear(redeem(self.client, query_of(agreed)["code"], verifier))
        return got["link"], got["access_token"]

    def words(self) -> set[str]:
        heard = [text for headers, body in self.server.got for text in (*map(" ".join, headers.items()), body.decode())]
        return {word.lower() for text in (*self.said, *heard) for word in _WORD.findall(text)}


def tell(platform: Listening, person: Person, card_id: str) -> None:
    """Linking, a request, a payment, a refusal, reading, a webhook, the end."""
    handle, token = platform.link(person, card_id)
    other = cast.link(cast.holder(), platform.client)
    platform.call("POST", "/v1/webhook-endpoints", body={"url": platform.server.url})
    platform.call("GET", "/v1/link", token)
    wish = {"payee": other.link.id, "payer": handle, "amount": {"value": 700, "currency": "EUR"}, "note": "pizza"}
    for amount in (700, 900_000):
        made = platform.call(
            "POST", "/v1/payment-requests", body={**wish, "amount": {"value": amount, "currency": "EUR"}}
        )
        platform.call("POST", f"/v1/payment-requests/{made['id']}/pay", token)
        platform.call("GET", f"/v1/payment-requests/{made['id']}")
        work(made["id"])
    platform.call("GET", "/v1/payment-requests")
    holder = person.holder.id
    links.end_link(holder_id=holder, link_id=handle, actor=Actor.holder(holder), now=clock.now())
    work(handle)
    platform.call("GET", "/v1/link", token)


def test_two_platforms_have_nothing_in_common_of_one_person() -> None:
    """Break: show a request's `created_at` as the day on which its payer signed up."""
    alice = sign_up()
    with clock_moved(timedelta(minutes=20)):
        carol = sign_up()  # nothing of hers is of the same second
    card, theirs = cast.card(alice.holder, 5000), cast.card(carol.holder, 5000)
    first, second, third = Listening(), Listening(), Listening()
    try:
        for number, (platform, person, card_id) in enumerate(
            [(first, alice, card.id), (second, alice, card.id), (third, carol, theirs.id)]
        ):
            with clock_moved(timedelta(minutes=3 * number)):
                tell(platform, person, card_id)
    finally:
        for one in (first, second, third):
            one.server.stop()
    assert len(first.server.got) == len(second.server.got) == 2
    assert first.words() & second.words() - third.words() == set()
    assert any(word.startswith("preq_") for word in first.words())


def test_a_handle_stays_when_the_platforms_address_changes() -> None:
    """V12. Break: look for the active link by the redirect URI too."""
    parlour, alice = cast.platform(), sign_up()
    before = cast.link(alice.holder, parlour).link.id
    Platform.objects.filter(pk=parlour.platform.pk).update(redirect_uris="https://elsewhere.example/callback")
    after = links.begin_link(holder_id=alice.holder.id, platform=Platform.objects.get(pk=parlour.platform.pk))
    assert after.id == before
    assert len(before.partition("_")[2]) >= 22
    assert before.partition("_")[2] not in alice.holder.id
