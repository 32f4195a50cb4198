"""Authorizations: the product's two statements against a bare function; over HTTP against those; processor time; p99.

The statements that pgbench sends are those that the product sent for a payment with one card, with other ids in them.
"""

import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from tests.bench import http_load, processor
from tests.bench.http_load import Load
from tests.bench.ledger import superuser
from tests.bench.measuring import HotPath
from tests.bench.pgbench import Run, run
from tests.support.web import serve

CARDS = 10_000
HTTP_CARDS = int(os.environ.get("BENCH_HTTP_CARDS", "200"))
SECONDS = float(os.environ.get("BENCH_AUTHORIZATION_SECONDS", "5"))
CLIENTS = 8
_AMOUNT = 100
_WARM = 0 if os.environ.get("BENCH_COLD_KEYS") else 6
_HERE = Path(__file__).parent
_REF = "ref_of_bench"
_CARD = rf"\set i random(1, {CARDS})" + "\n"
_FLOOR = _CARD + f"SELECT floor_card.authorize(:i, {_AMOUNT});\n"


def prepare() -> None:
    """The floor, and cards with money on them; once."""
    _script()


@cache
def _script() -> str:
    """One payment as pgbench sends it: the snapshot, and the placing of what was decided."""
    from tests.cards.acquirer import issue

    card = issue(10 * _AMOUNT)
    text = (_HERE / "authorization.sql").read_text(encoding="utf-8")
    with superuser("paravent") as root:
        root.execute(text.replace("{cards}", str(CARDS)).replace("{card}", card.card.id).encode())
        root.execute("VACUUM (ANALYZE)")
    read, place = _sent_for(card)
    numbers = "".join(f"\\set k{n} random(1, 9223372036854775806)\n" for n in range(2))
    return f"{_CARD}{numbers}{_as_pgbench(read, card)};\n{_as_pgbench(place, card)};\n"


def _sent_for(card: Any) -> list[tuple[str, Any]]:
    """The two statements of a payment, with their parameters."""
    from django.db import connection

    from cards.authorizations import authorize as asking
    from cards.authorizations.merchants import Merchant
    from cards.issuing.numbers import Pan, Presented
    from privacy.crypto.secret import Secret
    from wallet.core.money import Money

    body = card.body(_AMOUNT, network_ref=_REF)
    sent: list[tuple[str, Any]] = []

    def listen(execute: Any, statement: str, parameters: Any, *context: Any) -> Any:
        if "cards_" in statement:
            sent.append((statement, parameters))
        return execute(statement, parameters, *context)

    with connection.execute_wrapper(listen):
        asking.authorize(
            asking.Request(
                network="sandbox", ref=_REF, presented=Presented(Pan(card.pan), card.expiry, Secret(card.cvc)),
                amount=Money(_AMOUNT, "EUR"), merchant=Merchant(**body["merchant"]), is_partial=False,
                entry="ecommerce", body=body, request_id="req_bench",
            )
        )  # fmt: skip
    assert len(sent) == 2, sent
    return sent


def _as_pgbench(sent: tuple[str, Any], card: Any) -> str:
    """The statement for a card by chance: what names this payment is another one's, the time is now."""
    statement, parameters = sent
    others = {
        card.card.id: "'card_bench_' || :i::text",
        card.card.holder_id: "'holder_bench_' || :i::text",
        _index_of(card).hex(): "encode(sha256(:i::text::bytea), 'hex')",
        _REF: "'ref_' || :k0::text",
        r"auth_\w{22}": "'auth_' || :k0::text",
        r"xpo_\w{22}": "'xpo_' || :k1::text",
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z": "now()::text",
    }
    pattern = re.compile("|".join(f"({name})" for name in others))

    def literal(text: str) -> str:
        # pgbench takes a colon and a word for a variable, wherever they stand.
        escaped = text.replace("\\", "\\\\").replace("'", "''").replace(":", "\\x3a")
        return f"E'{escaped}'"

    def one(value: Any) -> str:
        if value is None or isinstance(value, bool | int):
            return "NULL" if value is None else str(value).lower()
        if isinstance(value, bytes):
            return "sha256(:i::text::bytea)" if value == _index_of(card) else f"'\\x{value.hex()}'::bytea"
        if isinstance(value, list):
            return f"ARRAY[{', '.join(map(literal, value))}]"
        if isinstance(value, datetime):
            return f"{literal(value.isoformat())}::timestamptz"
        parts, end = [], 0
        for found in pattern.finditer(value):
            parts += [literal(value[end : found.start()]), list(others.values())[found.lastindex - 1]]
            end = found.end()
        return f"({' || '.join([*parts, literal(value[end:])])})"

    # The function is called by the names of its parameters; text that was put together is no JSON and no time by itself.
    kinds = {"answer": "::jsonb", "at": "::timestamptz"}
    if isinstance(parameters, Mapping):
        return re.sub(r"%\((\w+)\)s", lambda found: one(parameters[found[1]]) + kinds.get(found[1], ""), statement)
    given = iter(parameters)
    return re.sub(r"%s", lambda _found: one(next(given)), statement)


def _index_of(card: Any) -> bytes:
    from cards.issuing.numbers import Pan, Presented

    return Presented(Pan(card.pan), card.expiry, None).index()


# --- Measuring ------------------------------------------------------------------------------------


def _function(clients: int = CLIENTS) -> Run:
    return run(_script(), clients=clients, seconds=SECONDS)


@cache
def _requests() -> list[bytes]:
    from tests.cards.acquirer import issue

    cards = [issue(1_000_000) for _ in range(HTTP_CARDS)]
    return [
        http_load.post(
            "/sandbox/network/authorizations",
            json.dumps(card.body(_AMOUNT, network_ref="REFERENCE_NUMBER")).encode(),
            token=os.environ["SANDBOX_NETWORK_KEY"],
        )
        for card in cards
    ]


@dataclass(frozen=True, slots=True)
class Answered:
    """What HTTP did, and the processor time of all servers for one answer."""

    load: Load
    processor_seconds: float


def _over_http(rate: float = 0) -> Answered:
    """The product's own web server in front, everything on."""
    requests = _requests()
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder), {"WEB_WORKERS": "2", "WEB_THREADS": "4", "LOG_LEVEL": "INFO"}) as web,
    ):
        expect = b'"approved":true'
        # Until nearly every card was asked for in both workers: they hold its holder's keys, as they do for minutes.
        warmed = 0
        while warmed < _WARM * HTTP_CARDS:
            warmed += http_load.run(web.port, requests, expect=expect, seconds=1).done
        before = processor.seconds_of_servers()
        load = http_load.run(web.port, requests, expect=expect, seconds=SECONDS, rate=rate)
        return Answered(load, (processor.seconds_of_servers() - before) / load.done)


def _function_per_processor_second() -> float:
    before = processor.seconds_of_servers()
    ran = _function()
    return ran.done / (processor.seconds_of_servers() - before)


def _half_load() -> float:
    return 1 / _over_http(rate=_over_http().load.per_second / 2).load.percentile(0.99)


PATHS = [
    HotPath("authorization", lambda: _function().per_second,
            lambda: run(_FLOOR, clients=CLIENTS, seconds=SECONDS).per_second, prepare=prepare, must=0.5),
    HotPath("authorization_http", lambda: _over_http().load.per_second, lambda: _function().per_second,
            prepare=prepare, must=0.25),
    # Four times the processor time of the function at most.
    HotPath("authorization_http_processor", lambda: 1 / _over_http().processor_seconds,
            _function_per_processor_second, prepare=prepare, must=0.25),
    HotPath("authorization_http_p99", lambda: 1 / _over_http().load.percentile(0.99),
            lambda: 1 / _function(clients=16).p99, prepare=prepare, must_microseconds=15_000),
    HotPath("authorization_http_p99_half_load", _half_load, lambda: 1 / _function(clients=16).p99,
            prepare=prepare, must_microseconds=10_000),
]  # fmt: skip
