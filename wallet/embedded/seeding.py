"""What the demo chat needs to begin: an OAuth client, and one linked friend who answers. Made through the commands.

`demo.json` (0600) is all that the demo is given:

    {"wallet_url", "demo_url", "redirect_uri", "client_id", "client_secret",
     "friend": {"username", "link", "access_token", "refresh_token"}}
"""

import json
import re
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from wallet.embedded.children import EmbeddedError, run_to_end
from wallet.embedded.options import Options
from wallet.embedded.state import StateFolder

PLATFORM_NAME = "Parlour"
FRIEND = "bob"
REDIRECT_PATH = "/oauth/callback"
#: Test money on the friend's card.
FRIENDS_MONEY = {"value": 20_000, "currency": "EUR"}
_PATIENCE_SECONDS = 30.0


def seed_demo(state: StateFolder, options: Options, environment: Mapping[str, str]) -> Path:
    """Write `demo.json` unless it is there and its addresses are still right.

    Raises:
        EmbeddedError: a command fails.
    """
    addresses = {
        "wallet_url": options.public_url,
        "demo_url": options.demo_url,
        "redirect_uri": options.demo_url + REDIRECT_PATH,
    }
    if not addresses.items() <= state.read_json("demo.json").items():
        client = _command(
            options,
            environment,
            ["create_platform", "--name", PLATFORM_NAME, "--redirect-uri", addresses["redirect_uri"]],
        )
        is_sandbox = environment.get("TOP_UP_GATEWAY", "sandbox") == "sandbox"
        # Nobody answers another gateway's page for the friend.
        money = [] if is_sandbox else ["--test-money", str(FRIENDS_MONEY["value"])]
        holder = _command(options, environment, ["create_holder", "--username", FRIEND, *money])
        _fund(options, str(holder["access_token"]), by_top_up=is_sandbox)
        linking = ["link_holder", "--username", FRIEND, "--client-id", str(client["client_id"]), "--refunds"]
        friend = _command(options, environment, linking)
        state.write_json("demo.json", {**addresses, **client, "friend": {"username": FRIEND, **friend}})
    return state.path / "demo.json"


def _fund(options: Options, token: str, *, by_top_up: bool) -> None:
    """Give the friend a loaded card, as anybody would get one: a top-up on the sandbox's page, then a new card."""
    client = httpx.Client(
        base_url=f"http://127.0.0.1:{options.port}",
        headers={"Authorization": f"Bearer {token}"},
        trust_env=False,
        timeout=20,
    )

    def call(method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        try:
            answer = client.request(method, path, json=body, headers={"Idempotency-Key": f"seed {path}"})
        except httpx.HTTPError as error:
            raise EmbeddedError(f"the demo's friend cannot be set up: {method} {path}: {error}") from error
        # 409: a start that was killed had come as far already.
        if answer.is_error and answer.status_code != httpx.codes.CONFLICT:
            raise EmbeddedError(f"the demo's friend cannot be set up: {method} {path} gave {answer.status_code}")
        document: dict[str, Any] = answer.json()
        return document

    if by_top_up:
        _top_up(call)
    call("POST", "/v1/cards", {"kind": "standard", "currency": FRIENDS_MONEY["currency"], "load": FRIENDS_MONEY})


def _top_up(call: Callable[..., dict[str, Any]]) -> None:
    top_up = call("POST", "/v1/top-ups", {"amount": FRIENDS_MONEY})
    if top_up["status"] == "created":
        call("POST", f"/sandbox/checkout/{top_up['id']}", {"card": "4242424242424242"})
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while call("GET", f"/v1/top-ups/{top_up['id']}")["status"] != "succeeded":
        if time.monotonic() > give_up_at:
            raise EmbeddedError("the top-up of the demo's friend does not arrive: is the worker running?")
        time.sleep(0.1)


def _command(options: Options, environment: Mapping[str, str], words: list[str]) -> dict[str, object]:
    done = run_to_end([sys.executable, "manage.py", *words, "--json"], env=environment, cwd=options.checkout)
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit code {done.returncode}"]
        said = next((line for line in reversed(lines) if re.match(r"[\w.]+: ", line)), lines[0])
        raise EmbeddedError(f"manage.py {words[0]} failed: {said}")
    document = json.loads(done.stdout)
    if not isinstance(document, dict):
        raise EmbeddedError(f"manage.py {words[0]} gave no JSON object")
    return document
