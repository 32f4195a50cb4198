"""The key provider is away, seen through the doors that people and programs use: a real web, a real clock moved."""

import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest

from privacy.crypto.trunk import LIFETIME
from tests import environment
from tests.support.kms import Kms
from tests.support.system import ROOT, wait_for
from tests.support.web import Web, serve

PROGRAM = "tests.support.clocked_web"
PASSWORD = "correct horse battery"


@dataclass
class Wallet:
    """A running wallet whose keys are at AWS KMS, alice's token, and bob's browser in the middle of his sign-up."""

    kms: Kms
    web: Web
    settings: dict[str, str]
    clock: Path
    alice: httpx.Client
    bob: httpx.Client
    card: str = ""
    codes: tuple[str, ...] = ()

    def later(self, seconds: float) -> None:
        """Move the clock of every process."""
        _set(self.clock, float(self.clock.read_text()) + seconds)

    def status(self, path: str) -> int:
        """What a stranger is answered."""
        return httpx.get(f"{self.web.url}{path}", timeout=60).status_code

    def make_card(self, label: str) -> httpx.Response:
        """Alice's next card: a number is drawn, sealed and indexed."""
        body = {"kind": "standard", "currency": "EUR", "label": label}
        return self.alice.post("/v1/cards", json=body, headers={"Idempotency-Key": secrets.token_hex(8)})

    def label(self) -> tuple[int, str]:
        """Alice's first card, whose label is sealed."""
        answer = self.alice.get(f"/v1/cards/{self.card}")
        return answer.status_code, answer.json().get("label", "")

    def page(self) -> tuple[int, tuple[str, ...]]:
        """Bob's recovery codes, which are sealed in his session."""
        answer = self.bob.get("/sign-up/codes")
        assert answer.headers["Content-Type"].startswith("text/html")
        return answer.status_code, _codes(answer)

    def seconds_left(self) -> float:
        """What the operator's monitoring reads."""
        text = httpx.get(f"{self.web.url}/metrics", headers={"Authorization": "Bearer watch"}, timeout=60).text
        found = re.search(r"^paravent_keys_seconds_left (.+)$", text, re.MULTILINE)
        assert found
        return float(found[1])

    def cards_stored(self) -> int:
        """Counted in the database."""
        with psycopg.connect(self.settings["MIGRATION_DATABASE_URL"]) as connection:
            row = connection.execute("SELECT count(*) FROM cards_cardnumber").fetchone()
        assert row
        return int(row[0])


def _set(clock: Path, seconds: float) -> None:
    fresh = clock.with_suffix(".new")
    fresh.write_text(str(seconds))
    fresh.replace(clock)


def _codes(answer: httpx.Response) -> tuple[str, ...]:
    listed = re.search(r'id="codes".*?</[ou]l>', answer.text, re.DOTALL)
    return tuple(re.findall(r"<li[^>]*>\s*(?:<[^>]+>)?\s*([^<\s]+)", listed[0])) if listed else ()


@contextmanager
def _database() -> Iterator[dict[str, str]]:
    name = f"test_outage_{secrets.token_hex(4)}"
    environment.make_database(name, template=environment.TEMPLATE)
    try:
        yield environment.settings_of(name)
    finally:
        environment.drop_database(name)


def _alice(settings: dict[str, str], url: str) -> httpx.Client:
    made = subprocess.run(
        [sys.executable, "manage.py", "create_holder", "--username", "alice", "--json"],
        cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    token = json.loads(made.stdout)["access_token"]
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60)


def _bob(url: str) -> httpx.Client:
    bob = httpx.Client(base_url=url, timeout=60)
    page = bob.get("/sign-up/password")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token
    form = {"csrfmiddlewaretoken": token[1], "password": PASSWORD}
    assert bob.post("/sign-up/password", data=form, headers={"Origin": url}).status_code == 302
    return bob


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wallet]:
    folder = tmp_path_factory.mktemp("outage")
    clock = folder / "clock"
    _set(clock, 0)
    with Kms() as kms, _database() as urls:
        settings = {**kms.settings(kms.make_key()), **urls, "CLOCK_FILE": str(clock), "METRICS_TOKEN": "watch"}
        with (
            serve(folder, settings, program=PROGRAM) as web,
            closing(_alice(settings, web.url)) as alice,
            closing(_bob(web.url)) as bob,
        ):
            yield Wallet(kms, web, settings, clock, alice, bob)


@pytest.fixture
def wallet(running: Wallet) -> Iterator[Wallet]:
    """In order, with a card and a page that need keys."""
    if not running.card:
        made = running.make_card("Lunch")
        assert made.status_code == 201, made.text
        running.card = made.json()["id"]
        running.codes = running.page()[1]
        assert len(running.codes) == 10
    yield running
    running.kms.go_on()
    running.kms.go_down()
    running.kms.come_up()
    wait_for(lambda: running.status("/readyz") == 200)


def test_an_outage_is_bridged_for_an_hour(wallet: Wallet):
    """Break: let `/readyz` ask the provider, or let `_fresh` forget after ten minutes."""
    wallet.kms.go_down()
    wallet.later(LIFETIME - 60)
    assert wallet.label() == (200, "Lunch")
    assert wallet.make_card("Dinner").status_code == 201
    assert wallet.page() == (200, wallet.codes)
    assert wallet.status("/readyz") == 200
    assert 0 < wallet.seconds_left() <= 60


def test_past_the_hour_every_door_says_503_nothing_is_kept_and_it_ends_by_itself(wallet: Wallet):
    """Break: let `RefusalMiddleware` pass over what is no WalletError (500); let `_fresh` not look at the age (200)."""
    stored = wallet.cards_stored()
    wallet.kms.go_down()
    wallet.later(LIFETIME + 60)
    refused = [wallet.make_card("Dinner"), wallet.alice.get(f"/v1/cards/{wallet.card}"), wallet.alice.get("/v1/cards")]
    for answer in refused:
        assert answer.status_code == 503
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["type"] == "/problems/unavailable"
        assert answer.headers["Retry-After"] == "5"
        assert "Lunch" not in answer.text
    assert wallet.page() == (503, ())
    assert (wallet.status("/readyz"), wallet.status("/healthz"), wallet.status("/")) == (503, 200, 200)
    assert wallet.seconds_left() == 0
    assert wallet.cards_stored() == stored
    wallet.kms.come_up()
    wait_for(lambda: wallet.status("/readyz") == 200)
    assert wallet.label() == (200, "Lunch")
    assert wallet.page() == (200, wallet.codes)
    assert wallet.make_card("Dinner").status_code == 201


def test_no_request_waits_for_a_provider_that_hangs(wallet: Wallet):
    """Only the background asks it, one call at a time. Break: refresh in `_fresh` instead of asking the background."""
    wallet.kms.hang()
    asked = len(wallet.kms.calls)
    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(lambda _: wallet.label(), range(40))) == {(200, "Lunch")}
    assert wallet.make_card("Dinner").status_code == 201
    assert len(wallet.kms.calls) == asked
    wallet.later(LIFETIME + 60)
    with ThreadPoolExecutor(4) as threads:
        assert {status for status, _ in threads.map(lambda _: wallet.label(), range(40))} == {503}
    assert len(wallet.kms.calls) - asked < 10


def test_a_process_that_starts_without_the_provider_answers_503_and_recovers(wallet: Wallet, tmp_path: Path):
    """Break: let `warm_up` raise."""
    wallet.kms.go_down()
    with serve(tmp_path, wallet.settings, program=PROGRAM, at="/healthz") as young:
        with httpx.Client(base_url=young.url, headers=wallet.alice.headers, timeout=60) as alice:
            assert alice.get(f"/v1/cards/{wallet.card}").status_code == 503
            assert alice.get("/readyz").status_code == 503
            wallet.kms.come_up()
            wallet.kms.hang()
            wait_for(lambda: alice.get("/readyz").status_code == 503 and len(wallet.kms.calls) > 0)
            asked = len(wallet.kms.calls)
            assert {alice.get(f"/v1/cards/{wallet.card}").status_code for _ in range(20)} == {503}
            assert len(wallet.kms.calls) - asked < 10
            wallet.kms.go_on()
            wait_for(lambda: alice.get("/readyz").status_code == 200)
            assert alice.get(f"/v1/cards/{wallet.card}").json()["label"] == "Lunch"
        assert "Traceback" not in young.output
