"""Slow work beside the payments: while the gateway hangs, cards are answered (settled.md 4)."""

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connections

from payments.topups import tasks
from payments.topups.models import TopUp, TopUpStatus
from tests.cards.acquirer import PATH, issue
from tests.support.people import Person, sign_up
from tests.support.web import Web, serve
from wallet.core import clock
from wallet.core.errors import GatewayUnavailable
from wallet.core.models import OutboxEntry
from wallet.stripe import client as stripe_client

pytestmark = pytest.mark.django_db(transaction=True)

#: As many top-ups as two workers have threads: a request that called out would take one for twenty seconds.
TOP_UPS, PAYMENTS = 8, 10
#: What the network waits for is 2 s; a busy machine is given more, and less than the gateway takes.
PATIENCE_SECONDS = 15.0
_KEY = "unharmed"


@dataclass
class Hole:
    """An address that takes every call and never answers."""

    listener: socket.socket
    calls: list[socket.socket] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def take(self) -> None:
        """Wait for one more call."""
        self.calls.append(self.listener.accept()[0])


@contextmanager
def hole() -> Iterator[Hole]:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        listener.settimeout(60)
        made = Hole(listener)
        try:
            yield made
        finally:
            for call in made.calls:
                call.close()


def _send(web: Web, path: str, body: Any, headers: dict[str, str]) -> tuple[int, dict[str, Any], float]:
    connection = http.client.HTTPConnection("localhost", web.port, timeout=60)
    began = time.monotonic()
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json", **headers})
    answer = connection.getresponse()
    read = json.loads(answer.read())
    connection.close()
    return answer.status, read, time.monotonic() - began


def _top_up(web: Web, person: Person, number: int) -> tuple[int, dict[str, Any], float]:
    token = "a" * 32
    session = person.client.cookies[django_settings.SESSION_COOKIE_NAME].value
    cookies = f"{django_settings.SESSION_COOKIE_NAME}={session}; {django_settings.CSRF_COOKIE_NAME}={token}"
    headers = {"Cookie": cookies, "X-CSRFToken": token, "Idempotency-Key": f"hanging-{number}"}
    return _send(web, "/v1/top-ups", {"amount": {"value": 1_000, "currency": "EUR"}}, headers)


def _work(entry_id: int) -> None:
    try:
        with contextlib.suppress(GatewayUnavailable):
            tasks.create_session(OutboxEntry.objects.get(id=entry_id))
    finally:
        connections.close_all()


def test_cards_are_answered_while_the_gateway_hangs(tmp_path: Path, settings: Any) -> None:
    """People ask for top-ups, workers call Stripe and hear nothing, and the same people pay by card.

    Break: `create_top_up` that calls `make_session` itself.
    """
    alice = sign_up()
    cards = [issue(1_000, holder_id=alice.holder.pk) for _ in range(PAYMENTS)]
    with ThreadPoolExecutor(2) as workers, hole() as stripe:
        given = {
            "TOP_UP_GATEWAY": "stripe", "STRIPE_SECRET_KEY": "sk_test_hanging", "STRIPE_API_BASE": stripe.url,
            "STRIPE_WEBHOOK_SECRETS": "whsec_hanging",
        }  # fmt: skip
        settings.TOP_UP_GATEWAY, settings.STRIPE_SECRET_KEY = "stripe", given["STRIPE_SECRET_KEY"]
        settings.STRIPE_API_BASE = stripe.url
        stripe_client.client.cache_clear()
        web_settings = {**given, "WEB_WORKERS": "2", "SANDBOX_NETWORK_KEY": _KEY, "LOG_LEVEL": "ERROR"}
        try:
            with serve(tmp_path, web_settings) as web:
                ids = []
                for number in range(TOP_UPS):
                    status, body, took = _top_up(web, alice, number)
                    assert (status, took < PATIENCE_SECONDS) == (201, True), (status, took)
                    ids.append(body["id"])
                entries = OutboxEntry.objects.filter(ref__in=ids).values_list("id", flat=True)
                hanging = [workers.submit(_work, entry) for entry in entries[:2]]
                for _ in hanging:
                    stripe.take()
                answers = [
                    _send(web, f"{PATH}/authorizations", card.body(100), {"Authorization": f"Bearer {_KEY}"})
                    for card in cards
                ]
                assert not any(one.done() for one in hanging)
        finally:
            stripe_client.client.cache_clear()
    OutboxEntry.objects.filter(ref__in=ids).update(done_at=clock.now())
    assert max(took for _, _, took in answers) < PATIENCE_SECONDS
    codes = [body["response_code"] for _, body, _ in answers]
    # 91: a machine that is busier than that declines in time, which is right.
    assert set(codes) <= {"00", "91"}
    assert codes.count("00") > PAYMENTS / 2, codes
    assert {card.balance for card in cards} <= {(900, 100), (1_000, 0)}
    assert set(TopUp.objects.filter(id__in=ids).values_list("status", flat=True)) == {TopUpStatus.CREATED}
