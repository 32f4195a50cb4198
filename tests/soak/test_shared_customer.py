"""Two platforms with one customer, against two with a customer each: what a person does on one shows on no other (V13).

`tests/leaks/test_two_platforms.py` looks for shared words, this for shared behaviour. What came to both is put side by
side, and what is random (ids, tokens, secrets, signatures) is replaced by its place in the order of appearance *in both
together*: a value that two platforms share would have one place where it should have two. The person does on one platform
what could show on the other: uses up taps, blocks, pays, ends the link and links anew.
"""

import re
from typing import Any

import pytest
from django.test import Client

from payments.platforms import links
from payments.platforms.models import Block
from tests.leaks.test_non_interference import RANDOM, RANDOM_HEADERS
from tests.payments import cast
from tests.payments.cast import Client3, Linked
from tests.payments.requests.test_requests_api import eur
from tests.payments.webhooks.receiving import Platform as Server
from tests.payments.webhooks.receiving import work
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.users.models import Holder

pytestmark = pytest.mark.django_db(transaction=True)


class Side:
    """One platform: what it does, and everything that it receives."""

    def __init__(self, name: str, customer: Holder, card_id: str) -> None:
        self.app: Client3 = cast.platform(name)
        self.customer, self.card_id = customer, card_id
        self.server = Server()
        self.received: list[str] = []
        self.token = str(self.note(self.granted(grant_type="client_credentials", scope="chat")).json()["access_token"])
        self.call("/v1/webhook-endpoints", {"url": self.server.url})
        self.bob = cast.link(cast.holder(), self.app)
        self.alice = self.linked()

    def granted(self, **form: str) -> Any:
        return Client().post(
            "/oauth/token", cast.form(form), content_type="application/x-www-form-urlencoded",
            headers={"authorization": self.app.basic()},
        )  # fmt: skip

    def linked(self) -> Linked:
        made = cast.link(self.customer, self.app, card_id=self.card_id, alias="Alma")
        renewed = self.granted(grant_type="refresh_token", refresh_token=made.refresh)
        token = str(self.note(renewed).json()["access_token"])
        self.alice = Linked(self.customer, made.link, token, "")
        self.call("/v1/link", token=token)
        return self.alice

    def note(self, answer: Any) -> Any:
        kept = [f"{key}: {value}" for key, value in sorted(answer.items()) if key.lower() not in RANDOM_HEADERS]
        self.received.append("\n".join([str(answer.status_code), *kept, answer.content.decode()]))
        return answer

    def call(self, path: str, body: Any = None, *, token: str = "") -> Any:
        api = cast.api(token or self.token)
        return self.note(api.get(path) if body is None else api.post(path, body))

    def ask(self, minor: int, **more: Any) -> str:
        wish = {"payee": self.bob.link.id, "payer": self.alice.link.id, "amount": eur(minor), **more}
        return str(self.call("/v1/payment-requests", wish).json().get("id", "none"))

    def tap(self, request_id: str) -> None:
        self.call(f"/v1/payment-requests/{request_id}/pay", {}, token=self.alice.token)
        work(request_id)

    def told(self) -> list[str]:
        """What came to its server."""
        lines = []
        for headers, body in self.server.got:
            kept = [f"{key}: {value}" for key, value in sorted(headers.items()) if key not in RANDOM_HEADERS]
            lines.append("\n".join([*kept, body.decode()]))
        return lines


def story(first: Holder, second: Holder) -> str:
    """Everything that two platforms receive, one after the other, with one name for each random value of both."""
    cards = {one.pk: cast.card(one, 50_000).id for one in {first.pk: first, second.pk: second}.values()}
    parlour, salon = Side("Parlour", first, cards[first.pk]), Side("Salon", second, cards[second.pk])
    salon.tap(salon.ask(500))
    for _beyond_the_mandate in range(4):
        parlour.tap(parlour.ask(900_000))
    salon.tap(salon.ask(700))
    parlour.tap(parlour.ask(100))
    salon.tap(salon.ask(900, payer=None))
    Block.objects.create(holder_id=first.pk, blocked_id=parlour.bob.holder.pk)
    salon.tap(salon.ask(300))
    links.end_link(
        holder_id=first.pk, link_id=parlour.alice.link.id, actor=Actor.holder(first.pk), now=clock.now()
    )  # fmt: skip
    work(parlour.alice.link.id)
    parlour.call("/v1/link", token=parlour.alice.token)
    parlour.ask(200)
    salon.call("/v1/link", token=salon.alice.token)
    salon.tap(salon.ask(400))
    parlour.linked()
    parlour.tap(parlour.ask(600))
    salon.call("/v1/payment-requests")
    # Handles of the one mean nothing to the other.
    salon.call("/v1/payment-requests", {"payee": salon.bob.link.id, "payer": parlour.alice.link.id, "amount": eur(1)})
    parlour.call("/v1/link", token=salon.alice.token)
    for side in (parlour, salon):
        side.server.stop()
    names: dict[str, str] = {}

    def name(found: re.Match[str]) -> str:
        if found[0].endswith("Z") and "T" in found[0][10:11]:
            return "<time>"
        return names.setdefault(found[0], f"<{len(names)}, {len(found[0])} long>")

    text = "\n\n".join(
        line.replace(f":{side.server.port}/", ":PORT/").replace(f":{side.server.port}\n", ":PORT\n")
        for side in (parlour, salon)
        for line in [*side.received, *side.told()]
    )
    return RANDOM.sub(name, text)


def test_what_a_person_does_on_one_platform_changes_nothing_on_another() -> None:
    """Break: one handle for a person on every platform; count taps that asked for the person; one `webhook-id` for both."""
    shared = cast.holder()
    together, apart = story(shared, shared), story(cast.holder(), cast.holder())
    assert together.splitlines() == apart.splitlines()
    for status in ("200", "201", "401", "422"):
        assert f"\n{status}\n" in together
    for word in ('"requires_approval"', '"paid"', "link.revoked", "payment_request.paid"):
        assert word in together
