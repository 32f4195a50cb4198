"""The disk under the whole system is full: nothing leaves, nothing is half done, and it goes on when there is room again."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.system import System, wait_for


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 500 MB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=500m,mode=755", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path) -> Path:
    """Leave not a byte."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            with pytest.raises(OSError, match="No space left"):
                while True:
                    file.write(b"\0" * size)
    return filler


def test_a_full_disk_lets_nothing_out_and_keeps_nothing_by_half(small_disk: Path) -> None:
    """standard.md V05. Break: `disclose` swallows the DatabaseError and returns the grant."""
    with System(small_disk, settings={"DEMO": "off"}, durable=True) as system:
        client = system.command("create_platform", "--name", "Corner chat", "--redirect-uri", "http://127.0.0.1:9/cb")
        linked = []
        for name in ("alice", "bob"):
            system.command("create_holder", "--username", name)
            linked.append(system.command("link_holder", "--username", name, "--client-id", client["client_id"]))
        with httpx.Client(base_url=system.api, trust_env=False, timeout=20) as http:
            token = http.post(
                "/oauth/token", data={"grant_type": "client_credentials", "scope": "chat"},
                auth=(client["client_id"], client["client_secret"]),
            ).json()["access_token"]  # fmt: skip
            http.headers["Authorization"] = f"Bearer {token}"
            wish = {
                "payer": linked[0]["link"], "payee": linked[1]["link"], "amount": {"value": 100, "currency": "EUR"},
            }  # fmt: skip

            def ask(key: int) -> httpx.Response:
                return http.post("/v1/payment-requests", json=wish, headers={"Idempotency-Key": f"wish-{key}"})

            filler = None
            told: dict[int, str] = {}
            refused: list[int] = []
            for key in range(2_000):
                answer = ask(key)
                if answer.status_code == 201:
                    told[key] = answer.json()["id"]
                else:
                    assert answer.status_code == 503, answer.text
                    assert "preq_" not in answer.text
                    assert "link_" not in answer.text
                    refused.append(key)
                if key == 20:
                    filler = fill(small_disk)
                if len(refused) == 20:
                    break
            assert filler is not None
            assert len(refused) == 20, f"{len(told)} answers found room"
            filler.unlink()
            wait_for(lambda: ask(refused[0]).status_code == 201, seconds=90)
            # Whoever asks again gets one request for each wish, and for an answered one the same.
            again = {key: ask(key).json()["id"] for key in [*told, *refused]}
            assert {key: again[key] for key in told} == told
            assert len(set(again.values())) == len(again)
        wait_for(lambda: system.run_command("verify_exposures").returncode == 0, seconds=60)
        assert system.run_command("verify_ledger").returncode == 0
        print(f"{len(told)} asked for, 20 refused with 503, all answered afterwards")
