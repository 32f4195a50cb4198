"""The demo chat by itself: who may reach it, and that it fits a small phone."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser

from demo.web import app
from tests.support.system import ROOT, free_port, wait_for
from wallet.embedded.probes import listens


@pytest.mark.parametrize(("host", "status"), [("127.0.0.1:8001", 200), ("localhost:8001", 200), ("evil.example", 400)])
def test_another_name_for_this_machine_is_refused(host: str, status: int):
    """DNS rebinding. Break: leave TrustedHostMiddleware out."""

    async def ask() -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as client:
            return (await client.get(f"http://{host}/healthz")).status_code

    # A thread of its own: the journeys' browser keeps an event loop in this one.
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(asyncio.run, ask()).result() == status


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[str]:
    """The chat, whose wallet does not answer."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    friend = {"username": "bob", "link": "link_b", "access_token": "x", "refresh_token": "x"}
    config = {
        "wallet_url": "http://127.0.0.1:9", "demo_url": url, "redirect_uri": f"{url}/oauth/callback",
        "client_id": "parlour", "client_secret": "x", "friend": friend,
    }  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    given = {"DEMO_CONFIG": str(tmp_path / "config.json"), "DEMO_DATA": str(tmp_path), "DEMO_PORT": str(port)}
    served = subprocess.Popen([sys.executable, "-m", "demo"], cwd=ROOT, env={**os.environ, **given})
    try:
        wait_for(lambda: listens(port))
        yield url
    finally:
        served.terminate()
        served.wait()


def test_a_linked_chat_fits_the_smallest_phone_in_french(chat: str, tmp_path: Path, chromium: Browser):
    """Break: `.rooms` without `minmax(0, 1fr)`: 387 of 320 px."""
    with closing(chromium.new_page(viewport={"width": 320, "height": 640}, locale="fr-FR")) as page:
        page.goto(f"{chat}/?lang=fr")
        with sqlite3.connect(next(tmp_path.glob("*.sqlite3"))) as store:
            store.execute("UPDATE person SET link = 'link_7Z6yTqXnKdPaWb3vRfLmHs'")
            store.execute(
                "INSERT INTO message (thread, sender, text, at, request, payer, status, approve_url, amount)"
                " SELECT id, 'friend', 'Tu me dois 12,50 €', 1, 'preq_1', id, 'requires_approval', 'http://x', ? FROM person",
                [json.dumps({"value": 1250, "currency": "EUR"})],
            )
        page.wait_for_selector("a.pay")
        for tab in ("chat", "knows"):
            page.click(f"#tab-{tab}")
            assert page.evaluate("document.documentElement.scrollWidth") == 320
