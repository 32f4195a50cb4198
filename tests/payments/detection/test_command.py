"""`python -m payments.detection`: JSON lines in, JSON lines out."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from payments.detection.__main__ import run

ROOT = Path(__file__).parents[3]


def answers(*lines: str) -> tuple[int, list[dict[str, object]], str]:
    out, errors = io.StringIO(), io.StringIO()
    status = run(io.StringIO("\n".join(lines) + "\n"), out, errors)
    return status, [json.loads(line) for line in out.getvalue().splitlines()], errors.getvalue()


def request(**fields: object) -> str:
    return json.dumps(
        {"id": "m1", "text": "tu me dois 20€", "sender": "alice", "participants": ["alice", "bob"]} | fields
    )


def test_the_command_answers_on_its_standard_streams_whatever_the_shells_encoding() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "payments.detection"],
        cwd=ROOT,
        input=request(locale="fr-FR").encode() + b"\n" + request(id="m2", text="ok").encode() + b"\n",
        capture_output=True,
        check=False,
        timeout=60,
        env={"LC_ALL": "C", "PATH": ""},
    )
    assert done.returncode == 0, done.stderr
    nothing = dict.fromkeys(("amount_minor", "currency", "shares", "debtor", "creditor"))
    asked = {"amount_minor": 2000, "currency": "EUR", "debtor": "bob", "creditor": "alice"}
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        nothing | {"id": "m1", "intent": "request_money"} | asked,
        nothing | {"id": "m2", "intent": "none"},
    ]


def test_a_request_needs_no_more_than_an_id_and_a_text() -> None:
    status, told, _ = answers('{"id": 7, "text": "you owe me 20 bucks"}')
    assert (status, told[0]["id"], told[0]["amount_minor"], told[0]["currency"]) == (0, 7, 2000, "USD")


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ('{"text": "a"}', "id"),
        ('{"id": "a"}', "text"),
        (request(text=5), "text"),
        (request(locale=5), "locale"),
        (request(sender=[]), "sender"),
        (request(participants="alice"), "participants"),
        (request(participants=[1]), "participants"),
        (request(context={}), "context"),
        (request(context=[1]), "context[0]"),
        (request(context=[{"sender": "bob"}]), "context[0].text"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_answered(line: str, field: str) -> None:
    """Break: return 0 whatever happened, or stop at the first bad line."""
    status, told, errors = answers(request(), line, request(id="m3"))
    assert status == 1
    assert [answer["id"] for answer in told] == ["m1", "m3"]
    assert errors.startswith("line 2: ")
    assert field in errors
    assert "20€" not in errors
