"""A worker whose line to the database breaks after commits: it tries again with the same key until it is told."""

from typing import Any

from django.db import InterfaceError, OperationalError, connection
from django.test import Client

from tests.cards.acquirer import send
from tests.wallet.ledger.moving import CLEARING, NETWORK, transfer
from wallet.core import clock
from wallet.core.money import Money
from wallet.core.transactions import owns_transaction
from wallet.ledger import accounts
from wallet.ledger.transfers import Op, post
from wallet.limits.receiving import receive

#: More than a line that breaks at most every second time can need.
TRIES = 12


def until_told(act: Any) -> tuple[Any, int]:
    """The first answer that arrives, and how many were lost before it."""
    for lost in range(TRIES):
        try:
            return act(), lost
        except (OperationalError, InterfaceError):
            connection.close()
    raise AssertionError("never told")


def post_once(holder: str, key: str) -> dict[str, Any]:
    """In, a hold and part of it, under keys of one name."""
    main, commit = accounts.main(holder, "EUR"), owns_transaction(post)
    lost = 0
    for legs in (
        [transfer(CLEARING, main, 100, key=key)],
        [transfer(main, NETWORK, 40, op=Op.HOLD, key=key + ":hold")],
    ):
        posted, more = until_told(lambda legs=legs: commit(legs))
        lost += more
    hold = posted[0].hold
    ended = [
        transfer(main, NETWORK, 30, op=Op.SETTLE, hold=hold, key=key + ":settle"),
        transfer(main, NETWORK, 10, op=Op.RELEASE, hold=hold, key=key + ":release"),
    ]
    first, more = until_told(lambda: commit(ended))
    again, _ = until_told(lambda: commit(ended))
    return {"lost": lost + more, "same": [one.id for one in first] == [one.id for one in again], "hold": hold}


def receive_once(holder: str, key: str) -> dict[str, Any]:
    """The same through the limits, where a shortfall is repaid and the rest lands."""
    now = clock.now()
    take = owns_transaction(
        lambda: receive(
            holder_id=holder, amount=Money(100, "EUR"), source=NETWORK, key=key, code="test", ref="test", now=now
        )
    )
    received, lost = until_told(take)
    again, _ = until_told(take)
    return {"lost": lost, "same": received.credited == again.credited and again.is_replayed}


def tap_once(path: str, token: str, key: str) -> dict[str, Any]:
    """A payment over HTTP: a 500 means unknown, and the platform asks again with the same key."""

    def ask() -> tuple[int, bytes]:
        answer = Client(SERVER_NAME="localhost", raise_request_exception=False).post(
            path, "{}", content_type="application/json",
            headers={"authorization": f"Bearer {token}", "idempotency-key": key},
        )  # fmt: skip
        if answer.status_code >= 500 or answer.status_code == 401:
            raise OperationalError(answer.status_code)
        return answer.status_code, answer.content

    first, lost = until_told(ask)
    again, _ = until_told(ask)
    return {"lost": lost, "same": first == again, "status": first[0]}


def authorize_once(body: dict[str, Any]) -> dict[str, Any]:
    """A card payment: the network asks again with the same reference."""

    def ask() -> bytes:
        answer = send("/authorizations", body, client=Client(SERVER_NAME="localhost", raise_request_exception=False))
        if answer.status_code >= 500:
            connection.close()
            raise OperationalError(answer.status_code)
        content: bytes = answer.content
        return content

    first, lost = until_told(ask)
    again, _ = until_told(ask)
    return {"lost": lost, "same": first == again, "approved": b'"approved":true' in first}


def work(*, number: int, acts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    acts_of = {"post": post_once, "receive": receive_once, "tap": tap_once, "authorize": authorize_once}
    return [acts_of[act["do"]](**act["with"]) for act in acts]
