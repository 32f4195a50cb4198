"""A platform's asking for a payment, and its tap: over HTTP with gate and log, against the same statements by pgbench.

Each statement that the product sent is written down while it serves a request whose transaction is rolled back, so its
ids are new and nobody's. pgbench then has the server do the statements of one request after another, each once, in one
transaction and without a round trip between them: less than anybody could do who sends them.
"""

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench import http_load, pgbench
from tests.bench.ledger import superuser
from tests.bench.measuring import HotPath
from tests.support.web import serve

PEOPLE = 50
SECONDS = float(os.environ.get("BENCH_PAYMENTS_SECONDS", "5"))
#: Requests in a round, each sent once; of half of them the statements are done once.
TURNS = int(os.environ.get("BENCH_PAYMENTS_TURNS", "1600"))
_WARM_SECONDS = 3
_CLIENTS = 8
_AMOUNT = 100
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_NOW = "time_of_the_replay"
_REPLAY = """
CREATE SCHEMA replay;
CREATE TABLE replay.turn (id bigint PRIMARY KEY, statements text[] NOT NULL);
CREATE SEQUENCE replay.next;
CREATE FUNCTION replay.one() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_id bigint := nextval('replay.next');
    v_statement text;
    v_now text := to_char(core_now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
BEGIN
    FOR v_statement IN SELECT unnest(statements) FROM replay.turn WHERE id = v_id LOOP
        EXECUTE replace(v_statement, 'time_of_the_replay', v_now);
    END LOOP;
END $$;
GRANT USAGE ON SCHEMA replay TO paravent_app;
GRANT SELECT ON replay.turn TO paravent_app;
GRANT USAGE ON SEQUENCE replay.next TO paravent_app;
GRANT EXECUTE ON FUNCTION replay.one() TO paravent_app;
"""


class _Crowd:
    """People who are linked and have money on their cards, and one who asks in their name."""

    def __init__(self) -> None:
        from django.test import Client

        from tests.payments import cast

        self.client = Client(SERVER_NAME="localhost")
        parlour = cast.platform()
        self.chat = cast.chat_token(parlour, self.client)
        people = [cast.holder() for _ in range(PEOPLE)]
        cards = [cast.card(one, 500_000) for one in people]
        self.links = [
            cast.link(one, parlour, card_id=card.id, per_payment=10_000, per_day=100_000_000)
            for one, card in zip(people, cards, strict=True)
        ]

    def wish(self, number: int) -> tuple[str, dict[str, Any], str]:
        """Path, body and token of an asking; the payer of each is the payee of another."""
        payee, payer = self.links[number % PEOPLE].link.id, self.links[number % PEOPLE - 1].link.id
        amount = {"value": _AMOUNT, "currency": "EUR"}
        return "/v1/payment-requests", {"payee": payee, "payer": payer, "amount": amount, "note": "x"}, self.chat

    def tap(self, number: int) -> tuple[str, dict[str, Any], str]:
        """The same of paying one that was asked for just now."""
        made = self.send(*self.wish(number))
        return f"/v1/payment-requests/{made['id']}/pay", {}, self.links[number % PEOPLE - 1].token

    def send(self, path: str, body: dict[str, Any], token: str) -> dict[str, Any]:
        """Ask the product in this process."""
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": os.urandom(12).hex()}
        answer = self.client.post(path, json.dumps(body), content_type="application/json", headers=headers)
        assert answer.status_code in {200, 201}, answer.content
        said: dict[str, Any] = answer.json()
        return said


# --- Ours -----------------------------------------------------------------------------------------


def _over_http(kind: str, expect: bytes) -> float:
    crowd = _Crowd()
    make: Callable[[int], tuple[str, dict[str, Any], str]] = getattr(crowd, kind)
    requests = []
    for number in range(TURNS):
        path, body, token = make(number)
        request = http_load.post(path, json.dumps(body).encode(), token=token)
        requests.append(
            request.replace(b"\r\nContent-Type", b"\r\nIdempotency-Key: REFERENCE_NUMBER\r\nContent-Type", 1)
        )
    settings = {"WEB_WORKERS": "2", "WEB_THREADS": "4", "LOG_LEVEL": "INFO"}
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder), settings) as web:
        half = TURNS // 2
        warm = http_load.run(web.port, requests[:half], expect=expect, seconds=_WARM_SECONDS)
        seconds = min(SECONDS, half / (2 * warm.per_second))
        load = http_load.run(web.port, requests[half:], expect=expect, seconds=seconds)
        assert max(warm.done, load.done) < half, "each is sent once: BENCH_PAYMENTS_TURNS is too small"
        return load.per_second


# --- The floor ------------------------------------------------------------------------------------


def prepare() -> None:
    """The table of statements; once."""
    with superuser("paravent") as root:
        if root.execute("SELECT to_regnamespace('replay')").fetchone() == (None,):
            root.execute(_REPLAY)


def _by_pgbench(kind: str) -> float:
    crowd = _Crowd()
    turns = [_statements_of(crowd, getattr(crowd, kind)(number)) for number in range(TURNS // 2)]
    with superuser("paravent") as root:
        root.execute("TRUNCATE replay.turn")
        root.execute("SELECT setval('replay.next', 1, false)")
        with root.cursor() as cursor:
            cursor.executemany("INSERT INTO replay.turn VALUES (%s, %s)", list(enumerate(turns, start=1)))
        root.execute("VACUUM (ANALYZE)")
    return pgbench.run("SELECT replay.one();\n", clients=_CLIENTS, times=len(turns) // _CLIENTS).per_second


def _statements_of(crowd: _Crowd, request: tuple[str, dict[str, Any], str]) -> list[str]:
    """What the product sends to the database for this request, which has never been."""
    from django.db import transaction

    with transaction.atomic(), _listening() as sent:
        crowd.send(*request)
        transaction.set_rollback(True)
    return sent


@contextmanager
def _listening() -> Iterator[list[str]]:
    from django.db import connection
    from psycopg import ClientCursor

    sent: list[str] = []

    def listen(execute: Any, statement: Any, parameters: Any, *context: Any) -> Any:
        text = statement if isinstance(statement, str) else statement.as_string(connection.connection)
        if not text.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            whole = ClientCursor(connection.connection).mogrify(text, parameters) if parameters else text
            sent.append(_TIME.sub(_NOW, whole))
        return execute(statement, parameters, *context)

    with connection.execute_wrapper(listen):
        yield sent


PATHS = [
    HotPath("payment_request", lambda: _over_http("wish", b'"status":"open"'), lambda: _by_pgbench("wish"),
            prepare=prepare, must=0.12),
    HotPath("payment_request_pay", lambda: _over_http("tap", b'"status":"paid"'), lambda: _by_pgbench("tap"),
            prepare=prepare, must=0.12),
]  # fmt: skip
