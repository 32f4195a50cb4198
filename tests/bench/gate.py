"""A platform's request with gate and log against the same without: `POST /v1/payment-requests` over HTTP."""

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.bench import http_load, processor
from tests.bench.measuring import HotPath
from tests.support.web import serve

PEOPLE = 50
SECONDS = float(os.environ.get("BENCH_GATE_SECONDS", "5"))
_PRODUCT, _WITHOUT = "wallet.embedded.web", "tests.bench.ungated_web"


@dataclass(frozen=True, slots=True)
class Answered:
    """Answers a second, and a second of the servers' processor time."""

    per_second: float
    per_processor_second: float


def _requests() -> list[bytes]:
    """Askings among people who are linked; a token lives five minutes, so each round takes its own."""
    from django.test import Client

    from tests.payments import cast

    parlour = cast.platform()
    token = cast.chat_token(parlour, Client(SERVER_NAME="localhost"))
    linked = [cast.link(cast.holder(), parlour).link.id for _ in range(PEOPLE)]
    made = []
    for number, payee in enumerate(linked):
        wish = {
            "payee": payee, "payer": linked[number - 1], "amount": {"value": 2000, "currency": "EUR"},
            "note": "restaurant",
        }  # fmt: skip
        request = http_load.post("/v1/payment-requests", json.dumps(wish).encode(), token=token)
        made.append(request.replace(b"\r\nContent-Type", b"\r\nIdempotency-Key: REFERENCE_NUMBER\r\nContent-Type", 1))
    return made


def _run(program: str) -> Answered:
    requests, expect = _requests(), b'"status":"open"'
    settings = {"WEB_WORKERS": "2", "WEB_THREADS": "4", "LOG_LEVEL": "INFO"}
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder), settings, program=program) as web:
        try:
            http_load.run(web.port, requests, expect=expect, seconds=SECONDS)
            before = processor.seconds_of_servers()
            load = http_load.run(web.port, requests, expect=expect, seconds=SECONDS)
        except SystemExit:
            print(web.output[-4000:], flush=True)
            raise
        return Answered(load.per_second, load.done / (processor.seconds_of_servers() - before))


PATHS = [
    HotPath("platform_request", lambda: _run(_PRODUCT).per_second, lambda: _run(_WITHOUT).per_second, must=0.80),
    HotPath("platform_request_processor", lambda: _run(_PRODUCT).per_processor_second,
            lambda: _run(_WITHOUT).per_processor_second, must=0.80),
]  # fmt: skip
