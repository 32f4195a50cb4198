"""The main job, end to end: a stranger's script that knows only the contract finishes the story on a running system."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.support.system import ROOT, System, plain_environment


def tell(system: System, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "demo.story", "--url", system.url, *words],
        cwd=ROOT, env={**plain_environment(), "VAR_DIR": str(system.var)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_strangers_script_finishes_the_story(system: System) -> None:
    told = tell(system, "--json")
    assert told.returncode == 0, told.stderr
    seen = json.loads(told.stdout)
    assert [one["approved"] for one in seen["network"]] == [True, False]
    assert any(recipient.startswith("platform ") for recipient in seen["alice"])
    assert any(recipient.startswith("merchant ") for recipient in seen["alice"])
    assert any(recipient.startswith("gateway ") for recipient in seen["alice"])


def test_everything_acknowledged_is_there_once_after_the_web_and_the_worker_were_killed(tmp_path: Path) -> None:
    """standard.md L09. Kill -9 in the middle of top-ups; after the restart each is credited exactly once."""
    with System(tmp_path, settings={"DEMO": "off"}) as system:
        alice = system.command("create_holder", "--username", "alice")
        bearer = f"Bearer {alice['access_token']}"
        asked = [_top_up(system, bearer, number) for number in range(6)]
        system.kill("worker", wait=False)
        for top_up_id in asked[:3]:
            _call(system, "POST", f"/sandbox/checkout/{top_up_id}", {"card": "4242424242424242"})
        system.kill("web")
        for top_up_id in asked[3:]:
            _call(system, "POST", f"/sandbox/checkout/{top_up_id}", {"card": "4242424242424242"})
        system.kill("supervisor")
        system.start()
        # The same wishes again, as a client does that never got its answer: no second top-up.
        assert [_top_up(system, bearer, number) for number in range(6)] == asked
        _until(
            lambda: all(
                _call(system, "GET", f"/v1/top-ups/{one}", bearer=bearer)["status"] == "succeeded" for one in asked
            )
        )
        balances = _call(system, "GET", "/v1/wallet", bearer=bearer)["balances"]
        assert [one["available"] for one in balances] == [{"value": 600, "currency": "EUR"}]
        assert system.run_command("verify_ledger").returncode == 0
        assert system.run_command("verify_exposures").returncode == 0


def _top_up(system: System, bearer: str, number: int) -> str:
    body = {"amount": {"value": 100, "currency": "EUR"}}
    answer = _call(system, "POST", "/v1/top-ups", body, bearer=bearer, key=f"wish-{number}")
    return str(answer["id"])


def _call(system: System, method: str, path: str, body: object = None, *, bearer: str = "", key: str = "") -> dict:  # type: ignore[type-arg]
    import httpx

    headers = {"Authorization": bearer} if bearer else {}
    if key:
        headers["Idempotency-Key"] = key
    answer = httpx.request(method, system.api + path, json=body, headers=headers, trust_env=False, timeout=20)
    assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
    return dict(answer.json())


def _until(condition: object) -> None:
    from tests.support.system import wait_for

    wait_for(condition, seconds=60)


def test_commands_in_a_shell_beside_the_system_find_it_and_say_so_when_there_is_none(
    system: System, tmp_path: Path
) -> None:
    """settled.md 34: rc 2 without a system."""
    assert system.run_command("verify_ledger", "--json").returncode == 0
    alone = subprocess.run(
        [sys.executable, "manage.py", "verify_ledger"], cwd=ROOT,
        env={**plain_environment(), "VAR_DIR": str(tmp_path / "nothing")}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert alone.returncode == 2
    assert "make run" in alone.stderr
    assert os.environ["VAR_DIR"] not in alone.stderr
