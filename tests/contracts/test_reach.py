"""Who reaches what: every route of the manifest by every kind of caller (P10, API1, API5).

Read from the code itself (`manage.py routes`): a route that is added is in the matrix with the next run.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client

from payments.platforms.clients import first_party_client
from payments.platforms.scopes import READ, WRITE
from payments.platforms.tokens import issue_tokens
from payments.topups import top_ups, withdrawals
from payments.webhooks.models import Event
from privacy.exposure.models import Exposure
from privacy.exposure.routes import Route, list_routes
from tests.payments import cast
from tests.payments.requests.test_requests_api import Story
from tests.payments.webhooks.receiving import Platform as Server
from tests.support.people import sign_up
from wallet.core import clock, outbox
from wallet.core.actors import Actor
from wallet.core.models import OutboxEntry
from wallet.core.money import Money

pytestmark = pytest.mark.django_db(transaction=True)

#: Bodies that a route needs before it looks at whose the object is.
MONEY: dict[str, Any] = {"value": 1, "currency": "EUR"}
BODIES: dict[str, dict[str, Any]] = {
    "load": {"amount": MONEY},
    "unload": {"amount": MONEY},
    "numbers": {"merchant": "BAKER*"},
}
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


@transaction.atomic
def wallet_token(holder_id: str) -> str:
    return issue_tokens(holder_id=holder_id, platform=first_party_client(), scopes=(READ, WRITE)).access_token


def withdraw(holder_id: str, top_up_id: str) -> str:
    """What was topped up goes back."""
    for entry in OutboxEntry.objects.filter(ref=top_up_id, done_at=None):
        outbox.work(entry.id)
    paid = Client().post(
        f"/sandbox/checkout/{top_up_id}", {"card": "4242424242424242"}, content_type="application/json"
    )
    assert paid.status_code == 202, paid.content
    actor, now = Actor.holder(holder_id), clock.now()
    top_ups.look(top_up_id=top_up_id, actor=actor, now=now)
    amount = Money(MONEY["value"], MONEY["currency"])
    return withdrawals.create_withdrawal(holder_id=holder_id, amount=amount, actor=actor, now=now).id


@dataclass
class World:
    """One object of each kind, and a caller of each kind; `alice`'s and `parlour`'s are the owners."""

    story: Story
    objects: dict[str, str] = field(default_factory=dict)
    callers: dict[str, str | None] = field(default_factory=dict)


@pytest.fixture(scope="module")
def world(django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock():
        story, server = Story(), Server()
        made = story.asked()
        paid = story.asked()
        story.pay(paid["id"])
        endpoint = story.chat.post("/v1/webhook-endpoints", {"url": server.url}).json()
        delivery = story.chat.post(f"/v1/webhook-endpoints/{endpoint['id']}/test").json()
        server.stop()
        alice = story.alice.holder.id
        mine = cast.api(wallet_token(alice))
        top_up = mine.post("/v1/top-ups", {"amount": MONEY}).json()
        withdrawal = withdraw(alice, mine.post("/v1/top-ups", {"amount": MONEY}).json()["id"])
        number = mine.post(f"/v1/cards/{story.alice_card.id}/numbers", {"merchant": "BAKER*"}).json()
        payee = story.bob.link.id
        split = story.chat.post(
            "/v1/splits", {"payee": payee, "total": MONEY, "shares": [{"payer": story.alice.link.id}]}
        ).json()
        tea = [{"label": "tea", "amount": MONEY}]
        checkout = story.chat.post("/v1/checkouts", {"payee": payee, "items": tea}).json()
        refund = cast.api(story.bob.token).post("/v1/refunds", {"payment_request": paid["id"]}).json()
        export = mine.post("/v1/exports", {}).json()
        stranger, third = Story(), cast.link(cast.holder(), story.parlour)
        world = World(story)
        world.objects = {
            "request_id": made["id"], "endpoint_id": endpoint["id"], "delivery_id": delivery["id"],
            "event_id": delivery["event"], "link_id": story.alice.link.id, "card": story.alice_card.id,
            "split_id": split["id"], "checkout_id": checkout["id"], "refund_id": refund["id"],
            "export_id": export["id"], "number": number["id"], "top_up_id": top_up["id"],
            "withdrawal_id": withdrawal,
            "exposure_id": Exposure.objects.filter(holder_id=alice).latest("at").id,
        }  # fmt: skip
        world.callers = {
            "nobody": None, "a dead token": "nonsense", "the platform": story.chat.token,
            "another platform": stranger.chat.token, "the link": story.alice.token, "another link": third.token,
            "another platform's link": stranger.alice.token, "the holder": wallet_token(alice),
            "another holder": wallet_token(stranger.alice.holder.id),
        }  # fmt: skip
        yield world
        assert Event.objects.filter(pk=delivery["event"]).exists()


def calls() -> list[tuple[Route, str]]:
    found = [route for route in list_routes() if route.path.startswith("/v1/") and route.scopes]
    return [(route, method) for route in found for method in route.methods]


def path_of(route: Route, objects: dict[str, str], *, unknown: bool) -> str:
    def one(match: re.Match[str]) -> str:
        real = objects.get(match[1], "x_" + "0" * 22)
        return real.partition("_")[0] + "_" + "0" * 22 if unknown else real

    return _PARAMETER.sub(one, route.path)


def send(token: str | None, method: str, path: str) -> Any:
    headers = {"idempotency-key": "reach"}
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    body = None if method in {"GET", "DELETE"} else json.dumps(BODIES.get(path.rpartition("/")[2], {}))
    client = Client(raise_request_exception=False)
    return client.generic(method, path, body or "", content_type="application/json", headers=headers)


def without_instance(answer: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(answer.content)
    return {name: value for name, value in body.items() if name != "instance"}


#: What tokens of each kind carry.
SCOPES = {
    "the platform": {"chat"}, "another platform": {"chat"}, "the link": {"link", "payments:pay"},
    "another link": {"link", "payments:pay"}, "another platform's link": {"link", "payments:pay"},
    "the holder": {READ, WRITE}, "another holder": {READ, WRITE},
}  # fmt: skip
#: Who is another's to the object of the path, for tokens that reach the route.
STRANGERS = ("another platform", "another platform's link", "another holder")


def test_every_route_by_every_kind_of_caller(world: World) -> None:
    """Break: leave the scopes of a view empty; or the owner out of a service's query."""
    matrix, wrong = 0, []
    for route, method in calls():
        params = _PARAMETER.findall(route.path)
        is_known = all(name in world.objects for name in params)
        real = path_of(route, world.objects, unknown=False)
        for caller, token in world.callers.items():
            reaches = token is not None and set(route.scopes[method]) <= SCOPES.get(caller, set())
            if caller in {"nobody", "a dead token"}:
                wanted = {401}
            elif not reaches:
                wanted = {403}
            elif caller in STRANGERS and params:
                wanted = {404} if is_known else {403, 404, 409, 422}
            else:
                continue
            got = send(token, method, real).status_code
            # A number in full is for a session with a passkey alone: no token, whoever's, learns what is there.
            if route.path.endswith("/reveal") and got == 403:
                wanted = {403}
            matrix += 1
            if got not in wanted:
                wrong.append(f"{method} {route.path} as {caller}: {got}, not {sorted(wanted)}")
    assert wrong == []
    assert matrix > 200


def test_the_world_has_an_object_of_every_kind_that_a_path_names(world: World) -> None:
    """Break: take one out: its routes would be asked for what nobody has."""
    named = {name for route, _method in calls() for name in _PARAMETER.findall(route.path)}
    assert named <= world.objects.keys()


def test_anothers_object_and_none_give_the_same_bytes(world: World) -> None:
    """P10: nobody learns what exists. Break: 403 for another's."""
    compared = 0
    for route, method in calls():
        if not _PARAMETER.search(route.path) or route.path.endswith("/reveal"):
            continue
        for caller in STRANGERS:
            if not set(route.scopes[method]) <= SCOPES[caller]:
                continue
            answers = [
                send(world.callers[caller], method, path_of(route, world.objects, unknown=unknown))
                for unknown in (False, True)
            ]
            assert without_instance(answers[0]) == without_instance(answers[1]), (method, route.path, caller)
            headers = [
                {name: value for name, value in answer.headers.items() if name != "Request-Id"} for answer in answers
            ]
            assert headers[0] == headers[1], (method, route.path, caller)
            compared += 1
    assert compared > 20


def test_the_owner_reaches_what_is_theirs(world: World) -> None:
    """The matrix could pass over a world in which nobody reaches anything."""
    owners = {"platform": ("the platform", "the link"), "holder": ("the holder",)}
    for route, method in calls():
        known = all(name in world.objects for name in _PARAMETER.findall(route.path))
        if method != "GET" or not known:
            continue
        for caller in owners[route.audience]:
            if set(route.scopes[method]) <= SCOPES[caller]:
                status = send(world.callers[caller], method, path_of(route, world.objects, unknown=False)).status_code
                # Nobody is leaving.
                assert status in ({404} if route.path == "/v1/erasure" else {200, 409}), (route.path, caller)


#: What no route reads (P12); each is refused before anything happens.
UNREADABLE = {
    "an unknown member": b'{"is_admin": true}', "a member twice": b'{"amount": 1, "amount": 2}', "NaN": b'{"amount": NaN}',
    "too much": b'{"note": "' + b"x" * 70_000 + b'"}', "too deep": b"[" * 1000 + b"]" * 1000, "no JSON": b"{amount: 1}",
    "no object": b"[]", "not UTF-8": b'{"note": "\xff"}', "a member of the answer": b'{"status": "paid"}',
}  # fmt: skip


def test_no_route_reads_what_it_does_not_declare(world: World) -> None:
    """P12. Break: `serializers.Serializer` under the body of one route; or no `parse` in one view."""
    owners = {"platform": ("the platform", "the link"), "holder": ("the holder",)}
    wrong, tried = [], 0
    for route, method in calls():
        if method not in {"POST", "PATCH"} or route.path.endswith("/reveal"):
            continue
        caller = next(one for one in owners[route.audience] if set(route.scopes[method]) <= SCOPES[one])
        for name, body in UNREADABLE.items():
            answer = Client(raise_request_exception=False).generic(
                method, path_of(route, world.objects, unknown=False), body, content_type="application/json",
                headers={"authorization": f"Bearer {world.callers[caller]}", "idempotency-key": f"reach {name}"},
            )  # fmt: skip
            tried += 1
            if answer.status_code != 400:
                wrong.append(f"{method} {route.path} takes {name}: {answer.status_code}")
    assert wrong == []
    assert tried > 100


def test_a_cookie_counts_for_nothing_where_a_platform_is_answered(world: World) -> None:
    """Found by schemathesis: a dead session was cleared in the answer, and the guard stopped it with 503.

    Break: leave the cookie in `EgressMiddleware`.
    """
    dora = sign_up()
    for session in ("nonsense", dora.client.cookies[settings.SESSION_COOKIE_NAME].value):
        client = Client(headers={"authorization": f"Bearer {world.callers['the platform']}"})
        client.cookies[settings.SESSION_COOKIE_NAME] = session
        answer = client.get("/v1/payment-requests")
        assert (answer.status_code, "Set-Cookie" in answer.headers, len(answer.cookies)) == (200, False, 0)
    assert dora.client.get("/v1/payment-requests").status_code == 401, "a session is no token of a platform"
