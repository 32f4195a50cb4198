"""`make run`: starts, stops, recovers, and says clearly when it cannot.

One system is shared by the tests that leave it running; each test takes it as it is and leaves it ready.
"""

import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.system import ROOT, System, all_processes, free_port, wait_for

COMMENT = "kept by alice"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A running system whose path has a space."""
    folder = tmp_path_factory.mktemp("my wallet")
    with System(folder, settings={"DEMO": "off"}, fresh=True) as running:
        yield running


def settings_of(system: System) -> dict[str, str]:
    """What a shell has after `. var/env`."""
    program = "import json, os; print(json.dumps(dict(os.environ)))"
    script = '. "$1"; exec "$2" -c "$3"'
    done = subprocess.run(
        ["/bin/sh", "-c", script, "sh", system.var / "env", sys.executable, program],
        env={},
        capture_output=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def leave_a_mark(system: System) -> None:
    with psycopg.connect(settings_of(system)["MIGRATION_DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f"COMMENT ON DATABASE paravent IS '{COMMENT}'")


def mark(system: System) -> str:
    with psycopg.connect(settings_of(system)["DATABASE_URL"]) as connection:
        row = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'paravent'"
        )
        return str((row.fetchone() or ("",))[0])


def test_it_says_where_to_click_and_answers_there(system: System) -> None:
    assert f"http://localhost:{system.port}" in system.output
    assert system.answers("/healthz")
    assert system.answers("/readyz")


def test_a_command_beside_it_finds_the_running_system(system: System) -> None:
    program = "from django.db import connection as c; c.cursor(); print(c.settings_dict['USER'])"
    done = system.run_command("shell", "--no-imports", "--command", program)
    assert done.stdout.strip() == "paravent_app", done.stderr


def test_what_it_keeps_is_for_its_owner_only(system: System) -> None:
    """Break: a file written with the usual umask is readable by all once the folder is."""
    assert stat.S_IMODE(system.var.stat().st_mode) == 0o700
    secret = [
        "env",
        "sandbox.json",
        "keys/kek",
        "postgres/passwords.json",
        *map(str, (system.var / "secrets").iterdir()),
    ]
    modes = {name: stat.S_IMODE((system.var / name).stat().st_mode) for name in secret}
    assert modes == dict.fromkeys(secret, 0o600)
    assert len(system.sandbox()["network_key"]) >= 43


def test_neither_the_web_nor_the_demo_is_given_the_owners_password(system: System) -> None:
    """Break: handing every process the supervisor's whole environment."""
    for name in ("web", "worker", "caller", "beat", "sealer"):
        # Shown to root alone: whoever else runs this sees the logs only.
        with contextlib.suppress(PermissionError):
            environment = Path(f"/proc/{system.processes[name]}/environ").read_bytes()
            assert b"DATABASE_URL=" in environment
            assert b"paravent_owner" not in environment
    owner = settings_of(system)["MIGRATION_DATABASE_URL"].split(":")[2].split("@")[0]
    assert all(owner not in path.read_text(errors="replace") for path in (system.var / "log").iterdir())


def test_a_second_start_on_the_same_state_is_refused(system: System) -> None:
    beside = System(system.folder, port=free_port(), demo_port=free_port())
    done = subprocess.run(
        [sys.executable, "-m", "wallet.embedded"],
        cwd=ROOT, env=beside.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "already runs in" in done.stderr
    assert "Traceback" not in done.stderr
    assert system.answers()


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "wallet.embedded"],
            cwd=ROOT, env=System(tmp_path, port=port).environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert f"Port {port} (PORT) cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["web", "worker", "caller", "beat", "sealer", "valkey", "postgres"])
def test_a_killed_part_comes_back(system: System, name: str) -> None:
    """Break: a `Service.tend` that starts nothing."""
    leave_a_mark(system)
    system.kill(name)
    assert system.answers("/readyz")
    assert mark(system) == COMMENT


def test_granians_workers_end_with_it(system: System) -> None:
    """Granian forks them: killed alone, it must not leave workers that answer beside the new ones.

    Break: no `end_with_parent` in the worker and no `kill_group` (each mends this by itself; only the first mends
    the killed supervisor of the next test).
    """
    before = system.processes["web"]
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: system.processes.get("web") not in {None, before} and system.answers())
    with pytest.raises(ProcessLookupError):
        os.killpg(before, 0)


def test_a_killed_start_leaves_nothing_behind_and_the_next_keeps_everything(system: System) -> None:
    """Break: without PR_SET_PDEATHSIG the servers stay and the next start finds its port in use."""
    leave_a_mark(system)
    groups = set(system.processes.values())
    assert groups & {os.getpgid(pid) for pid in all_processes(system.var, groups)}
    system.kill("supervisor")
    wait_for(lambda: not list(all_processes(system.var, groups)), seconds=15)
    system.start()
    assert mark(system) == COMMENT
    assert "Database checked" in system.output


def test_ctrl_c_stops_all_of_it_in_order(system: System) -> None:
    leave_a_mark(system)
    groups = set(system.processes.values())
    assert system.stop() == 0
    assert not list(all_processes(system.var, groups))
    assert "database system is shut down" in (system.var / "postgres" / "postgres.log").read_text()
    assert not (system.var / "env").exists()
    outside = system.run_command("shell", "--command", "pass")
    assert outside.returncode == 2
    assert "make run" in outside.stderr
    system.start()
    assert mark(system) == COMMENT


def test_stopping_while_it_starts_stops_what_was_started(tmp_path: Path) -> None:
    starting = System(tmp_path)
    process = starting.launch()
    wait_for(lambda: "PostgreSQL started" in starting.output)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert not list(all_processes(starting.var))
