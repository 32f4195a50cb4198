"""The state folder: ours alone, one system in it, secrets made once."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.system import ROOT
from wallet.embedded.catalogues import compile_catalogues
from wallet.embedded.children import EmbeddedError
from wallet.embedded.environment import EMBEDDED_MARK, SHARED_SETTINGS, for_shells
from wallet.embedded.options import Options
from wallet.embedded.state import StateFolder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_secrets_are_made_once_and_are_for_their_owner_only(tmp_path: Path) -> None:
    """Break: a secret made anew on each start signs everybody out."""
    state = StateFolder(tmp_path / "var")
    first = state.secret_file("secret_key").read_text()
    assert state.secret_file("secret_key").read_text() == first
    assert len(first.strip()) >= 43
    assert state.secret_file("network_key").read_text() != first
    assert mode(state.path) == 0o700
    assert mode(state.path / "secrets") == 0o700
    assert mode(state.path / "secrets" / "secret_key") == 0o600
    assert mode(state.write("env", "x")) == 0o600


def test_only_one_system_runs_in_a_folder(tmp_path: Path) -> None:
    """Break: without the lock two supervisors start two PostgreSQL on the same files."""
    first = StateFolder(tmp_path / "var")
    with pytest.raises(EmbeddedError, match=rf"already runs in .*process {os.getpid()}"):
        StateFolder(tmp_path / "var")
    os.close(first._lock)
    StateFolder(tmp_path / "var")


def test_a_folder_of_other_things_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """Break: taking any folder would close, say, a whole home to others."""
    (tmp_path / "photo").touch()
    tmp_path.chmod(0o755)
    with pytest.raises(EmbeddedError, match="VAR_DIR must be a folder of its own"):
        StateFolder(tmp_path)
    assert mode(tmp_path) == 0o755


def test_a_shell_reads_exactly_what_was_written(tmp_path: Path) -> None:
    """Break: without quoting, a space or a quote in a path breaks `. var/env`."""
    state = StateFolder(tmp_path / "var")
    awkward = {"VAR_DIR": "/srv/alice/it's my $HOME/`wallet` \\", "CURRENCIES": "EUR USD"}
    state.write_environment(for_shells({**awkward, "PATH": "/bin", "AWS_SECRET": "not ours"}))
    program = "import json, os; print(json.dumps(dict(os.environ)))"
    done = subprocess.run(
        ["/bin/sh", "-c", '. "$1"; exec "$2" -c "$3"', "sh", state.path / "env", sys.executable, program],
        env={},
        capture_output=True,
        check=True,
    )
    shell = json.loads(done.stdout)
    assert {name: shell[name] for name in awkward} == awkward
    assert "AWS_SECRET" not in shell
    assert shell[EMBEDDED_MARK] == "on"


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Options]:
    for name in SHARED_SETTINGS | {EMBEDDED_MARK, "EMBEDDED_DURABLE", "DEMO"}:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)

    def read(**settings: str) -> Options:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        return Options.from_environment()

    return read


def test_without_settings_it_is_a_sandbox_on_localhost(given: Callable[..., Options]) -> None:
    options = given()
    assert (options.mode, options.public_url, options.demo_url) == (
        "sandbox",
        "http://localhost:8000",
        "http://127.0.0.1:8001",
    )
    assert options.durable
    assert options.var_dir == ROOT / "var"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"PORT": "http"}, "PORT is not a whole number"),
        ({"PORT": "70000"}, "PORT is not a port number"),
        ({"PORT": "8001"}, "PORT and DEMO_PORT must differ"),
        ({"MODE": "test"}, "MODE must be one of"),
        ({"DATABASE_URL": "postgresql://db/paravent"}, "belong together"),
        ({"MODE": "production", "EMBEDDED_DURABLE": "off"}, "refused in production"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    given: Callable[..., Options], settings: dict[str, str], message: str
) -> None:
    with pytest.raises(EmbeddedError, match=message):
        given(**settings)


def test_a_shell_that_has_read_the_environment_can_start_the_system_again(given: Callable[..., Options]) -> None:
    """Break: the addresses of the stopped servers would be taken for real ones."""
    before = {
        "DATABASE_URL": "postgresql://paravent_app:x@/paravent?host=%2Fgone",
        "MIGRATION_DATABASE_URL": "postgresql://paravent_owner:x@/paravent?host=%2Fgone",
        "REDIS_URL": "unix:///gone/valkey.sock",
    }
    options = given(**for_shells(before))
    assert not options.database_url
    assert not options.redis_url


def test_translations_are_compiled_without_gettext_and_only_when_they_changed(tmp_path: Path) -> None:
    folder = tmp_path / "wallet" / "locale" / "fr" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    source = folder / "django.po"
    source.write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "Top up"\nmsgstr "Recharger"\n'
    )
    assert compile_catalogues(tmp_path) == 1
    assert compile_catalogues(tmp_path) == 0
    compiled = folder / "django.mo"
    os.utime(source, ns=(0, compiled.stat().st_mtime_ns + 1))
    assert compile_catalogues(tmp_path) == 1
    assert b"Recharger" in compiled.read_bytes()
