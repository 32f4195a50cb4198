"""What a platform must never receive: a canary in every private field, and the story told around it."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from demo.story import Story
from tests.support.system import System

#: A bank card, a name, an e-mail, an alias and more that nobody but the holder and the wallet may see.
CANARIES = {
    "bank card": "5105105105105100",
    "name": "Canary-Surname-Q7",
    "e-mail": "canary-q7@mail.example",
    "label": "Canary-Label-Q7",
    "alias": "Canary-Alias-Q7",
    "request text": "Canary-Path-Q7",
}


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system of its own: its logs are read to the last line."""
    with System(tmp_path_factory.mktemp("leaks"), settings={"LOG_LEVEL": "DEBUG", "DEMO": "off"}) as running:
        yield running


@pytest.fixture(scope="module")
def told(system: System) -> Iterator[Story]:
    """The story, with a canary in every private field that a holder or an attacker can fill."""
    patch = pytest.MonkeyPatch()
    patch.setenv("VAR_DIR", str(system.var))
    for name in ("DATABASE_URL", "MIGRATION_DATABASE_URL", "MODE", "REDIS_URL", "KEY_FILE", "LOG_ORIGIN"):
        patch.delenv(name, raising=False)
    story = Story(system.url, lambda line: None)
    story.people()
    alice = story.alice
    top_up = alice.call("POST", "/v1/top-ups", {"amount": {"value": 900, "currency": "EUR"}}, expect=201)
    errors = [
        httpx.post(
            f"{system.url}/sandbox/checkout/{top_up['id']}", json={"card": CANARIES["bank card"]}, trust_env=False
        ),
        httpx.post(
            f"{system.url}/sandbox/checkout/{top_up['id']}",
            data={"card": CANARIES["bank card"], "name": CANARIES["name"]},
            trust_env=False,
        ),
        httpx.post(
            f"{system.url}/sandbox/network/authorizations",
            json={"pan": CANARIES["bank card"], "name": CANARIES["name"]},
            headers={"Authorization": f"Bearer {system.sandbox()['network_key']}"},
            trust_env=False,
        ),
        httpx.get(
            f"{system.url}/v1/cards/{CANARIES['request text']}",
            headers={"Authorization": f"Bearer {CANARIES['e-mail']}"},
            trust_env=False,
        ),
        httpx.post(
            f"{system.url}/v1/cards",
            content=b'{"label": "' + CANARIES["name"].encode() + b'", "label": 1}',
            headers={
                "Authorization": f"Bearer {story.holders['alice']['access_token']}",
                "Idempotency-Key": "x",
                "Content-Type": "application/json",
            },
            trust_env=False,
        ),
        httpx.post(
            f"{system.url}/sign-in/password",
            data={"username": CANARIES["e-mail"], "password": CANARIES["name"]},
            trust_env=False,
        ),
    ]
    story.top_up()
    story.card()
    card = alice.call("PATCH", f"/v1/cards/{story.alice_card['id']}", {"label": CANARIES["label"]})
    assert card["label"] == CANARIES["label"]
    story.link()
    for link in alice.call("GET", "/v1/links")["data"]:
        alice.call("PATCH", f"/v1/links/{link['id']}", {"alias": CANARIES["alias"]})
    story.ask_and_pay()
    story.split()
    story.sell_and_refund()
    story.swipe()
    story.privacy()
    story.seen["errors"] = [answer.text for answer in errors]
    yield story
    story.close()
    patch.undo()


def test_no_platform_response_webhook_or_network_answer_holds_a_canary(told: Story) -> None:
    """Break: put the alias into the payment request's body."""
    text = str(told.seen["platform"]) + str(told.seen["network"])
    assert [what for what, canary in CANARIES.items() if canary in text] == []


def test_no_error_echoes_what_was_sent(told: Story) -> None:
    text = " ".join(told.seen["errors"])
    assert [what for what, canary in CANARIES.items() if canary in text] == []


def test_no_log_line_of_any_process_holds_a_canary_a_card_number_or_a_token(system: System, told: Story) -> None:
    """Break: log the body of a refused request."""
    logs = [*(system.var / "log").rglob("*"), *system.var.glob("*/*.log")]
    assert {"web.log", "worker.log", "beat.log", "postgres.log", "valkey.log"} <= {path.name for path in logs}
    text = system.output + "".join(path.read_text(errors="replace") for path in logs if path.is_file())
    face = system.command("card_details", "--card", told.alice_card["id"])
    secrets = {
        **CANARIES, "PAN": face["pan"], "token": told.holders["alice"]["access_token"], "sign-in name": told.names["alice"],
        "client secret": told.client["client_secret"], "webhook secret": told.hooks.secret,
    }  # fmt: skip
    assert len(text) > 500, "the processes wrote nothing: this check would not fail"
    assert [what for what, secret in secrets.items() if secret in text] == []


def test_nothing_sensitive_stands_open_in_the_database_the_broker_or_a_file(system: System, told: Story) -> None:
    """A dump of every table: names, notes, numbers and tokens are sealed or hashed."""
    import psycopg

    url = re.search(r"DATABASE_URL='?([^'\n]+)", (system.var / "env").read_text())
    assert url is not None
    face = system.command("card_details", "--card", told.alice_card["id"])
    secrets: dict[str, Any] = {
        **CANARIES, "PAN": face["pan"], "token": told.holders["alice"]["access_token"], "note": "restaurant",
        "client secret": told.client["client_secret"], "webhook secret": told.hooks.secret,
    }  # fmt: skip
    found = []
    with psycopg.connect(url[1]) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            rows = connection.execute(f'SELECT t::text FROM "{table}" t').fetchall()
            dump = "\n".join(str(row[0]) for row in rows)
            found += [
                f"{table}: {what}"
                for what, secret in secrets.items()
                if secret in dump or secret.encode().hex() in dump
            ]
    assert found == []
    broker = b"".join(path.read_bytes() for path in (system.var / "valkey").rglob("*.rdb"))
    assert [what for what, secret in secrets.items() if str(secret).encode() in broker] == []
    assert Path(system.var).stat().st_mode & 0o077 == 0
    assert os.environ["VAR_DIR"]
