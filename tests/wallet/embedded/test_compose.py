"""docker/compose.yaml in production: what each part reads is there, and health is asked by the public name."""

import http.server
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.system import ROOT
from wallet.embedded.probes import answers

_FILES = "/run/secrets/"
_CONTENT = {
    "database_url": "postgresql://app@postgres/paravent",
    "migration_database_url": "postgresql://owner@postgres/paravent",
    "redis_url": "redis://valkey:6379/0",
}
_COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker/compose.yaml").read_text(encoding="utf-8"))
_OURS = {name: one for name, one in _COMPOSE["services"].items() if one["image"] == "paravent"}
_PUBLIC_URL = "https://wallet.example:8443"


def _environment(service: dict[str, Any], place: Path, mode: str) -> dict[str, str]:
    """What a part is given, with the files that are mounted for it, and no others, under `place`."""
    for name in service["secrets"]:
        (place / name).write_text(_CONTENT.get(name, "x" * 64), encoding="utf-8")
    given = {name: str(value).replace(_FILES, f"{place}/") for name, value in service["environment"].items()}
    return {"PATH": os.environ["PATH"], **given, "MODE": mode, "PUBLIC_URL": _PUBLIC_URL}


@pytest.mark.parametrize("mode", ["sandbox", "production"])
@pytest.mark.parametrize("name", sorted(_OURS))
def test_each_part_can_read_its_settings(name: str, mode: str, tmp_path: Path):
    """Break: leave `metrics_token` out of the secrets of `migrate`."""
    environment = _environment(_OURS[name], tmp_path, mode)
    done = subprocess.run(
        [sys.executable, "-c", "import wallet.settings as s; assert s.METRICS_TOKEN and s.SECRET_KEY"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_only_what_migrates_is_given_the_owners_password():
    """Break: mount it for all."""
    assert [name for name, one in _OURS.items() if "migration_database_url" in one["secrets"]] == ["migrate"]


class _Named(http.server.BaseHTTPRequestHandler):
    """A web that knows one name, as production does."""

    def do_GET(self) -> None:
        self.send_response(200 if self.headers["Host"] == "wallet.example:8443" else 400)
        self.end_headers()

    def log_message(self, *_said: object) -> None:
        """Nothing."""


@pytest.fixture
def named_web():
    with http.server.HTTPServer(("127.0.0.1", 0), _Named) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("name", ["web", "deadline"])
def test_the_health_check_asks_by_the_public_name(name: str, named_web: int):
    """Break: no `Host` header: production answers 400 and the proxy never starts."""
    _kind, _python, *arguments = _OURS[name]["healthcheck"]["test"]
    arguments = [part.replace(":8000/", f":{named_web}/") for part in arguments]
    done = subprocess.run(
        [sys.executable, *arguments], env={"PUBLIC_URL": _PUBLIC_URL}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_embedded_start_asks_by_the_public_name(named_web: int):
    """Break: no `Host` header in `answers`."""
    assert answers(named_web, public_url=_PUBLIC_URL)
    assert not answers(named_web, public_url="https://other.example")
