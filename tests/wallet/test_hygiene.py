"""Real processes: none leaves its memory behind, and none says a value when it crashes (standard.md C14)."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.support.system import ROOT, System, wait_for
from wallet.env import read_env_file

#: Root without the rights to look into every process (ptrace, perfmon, admin): the process looked at then decides.
PLAIN = ("setpriv", "--bounding-set=-sys_ptrace,-cap_38,-sys_admin") if os.geteuid() == 0 else ()
READ = "import sys; open(f'/proc/{sys.argv[1]}/environ', 'rb').read()"
CANARIES = ("4111111111111111", "9999001234567891", "987-cvc-q7", "Passw0rd-q7", "token-q7Zt0", "dek-q7")


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("hygiene")
    with System(folder, settings={"DEMO": "off"}, launcher=PLAIN) as running:
        yield running


def with_children(pid: int) -> list[int]:
    """A process and what it has forked."""
    tasks = [task / "children" for task in Path(f"/proc/{pid}/task").iterdir()]
    return [pid, *(int(one) for task in tasks for one in task.read_text().split())]


def core_limits(pid: int) -> list[str]:
    """Soft and hard limit of a core dump."""
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    return next(line.split()[4:6] for line in lines if line.startswith("Max core file size"))


def may_be_read(pid: int) -> bool:
    """Whether another process of the same account gets at its memory: what a debugger is asked too."""
    done = subprocess.run([*PLAIN, sys.executable, "-c", READ, str(pid)], capture_output=True, check=False)
    return done.returncode == 0


def test_no_service_and_no_worker_of_one_can_be_dumped_or_read(system: System) -> None:
    """Break: no `harden` in `wallet`; without its prctl all can be read, without its limit the servers alone have none."""
    with subprocess.Popen([*PLAIN, "sleep", "60"]) as plain:
        wait_for(lambda: Path(f"/proc/{plain.pid}/comm").read_text().strip() == "sleep")
        assert may_be_read(plain.pid), "whoever asks may look at nothing: this check would not fail"
        plain.kill()
    names = ("supervisor", "web", "worker", "beat")
    pids = [pid for name in names for pid in with_children(system.processes[name])]
    ours = [pid for pid in pids if b"wallet" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert len(ours) >= len(names) + 2, "granian has two workers"
    assert {pid: core_limits(pid) for pid in ours} == {pid: ["0", "0"] for pid in ours}
    assert [pid for pid in ours if may_be_read(pid)] == []


STARTED = {
    "a command": ("manage.py", "shell", "--no-imports", "--command", "import time; print('on', flush=True); time.sleep(60)"),
    "a worker's children": ("-m", "celery", "--app", "wallet.celery", "worker", "--pool", "prefork", "--concurrency", "1",
                            "--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"),
    "any program that imports ours": ("-c", "import wallet, time; print('on', flush=True); time.sleep(60)"),
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(STARTED))
def test_whatever_else_is_started_is_the_same(kind: str) -> None:
    """Celery's prefork children, commands. Break: harden in the entrances of the embedded default only."""
    with subprocess.Popen([*PLAIN, sys.executable, *STARTED[kind]], cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            if kind == "a worker's children":
                wait_for(lambda: len(with_children(process.pid)) > 1)
            else:
                assert process.stdout is not None
                assert process.stdout.readline() == b"on\n"
            found = [(core_limits(pid), may_be_read(pid)) for pid in with_children(process.pid)]
        finally:
            process.kill()
    assert found == [(["0", "0"], False)] * len(found)


#: Programs that crash with all canaries in scope and in the message.
CRASHES = {
    "main": "boom()",
    "thread": "import threading; t = threading.Thread(target=boom); t.start(); t.join()",
    "finaliser": "class C:\n  def __del__(self): boom()\nc = C(); del c",
    "cause": "try:\n  boom()\nexcept Exception as e:\n  raise KeyError(str(e)) from e",
    "context": "try:\n  boom()\nexcept Exception as e:\n  raise KeyError(str(e))",
    "logging": "import logging; logging.getLogger('x').error('%s %s', str(v))",
    "warning": "import warnings; warnings.warn(str(v))",
    "library": "import logging; logging.getLogger('celery.app.trace').error('%r', v, exc_info=ValueError(str(v)))",
    "structlog": "import structlog; structlog.get_logger('wallet.x').error('x', number=int(v[0]), deep=[{'x': v[1], 'y': 'Bearer ' + v[4]}],"
                 " cvc=v[2], password=v[3], token=v[4], dek=v[5])",
    "database": "from django.db import connection as c; c.cursor().execute('SELECT %s::int', [v[3]])",
    "duplicate": "from cards.vault.models import TokenDomain as T\nfor _ in v: T.objects.create(ref=v[3], name=v[4])",
}  # fmt: skip


#: One process that has loaded everything and forks for each of them, as a worker's children are forked.
CRASH_EACH = """import json, os, pathlib, runpy
for script in sorted(pathlib.Path({folder!r}).glob("*.py")):
    if os.fork():
        os.wait()
        continue
    said = os.open(script.with_suffix(".said"), os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(said, 1)
    os.dup2(said, 2)
    runpy.run_path(str(script))
    raise SystemExit
"""
CRASH = """import json
v = json.load(open({values!r}))
def boom(): raise ValueError(str(v))
"""


@pytest.fixture(scope="module")
def crashes(system: System) -> Path:
    """What each of them has said."""
    folder = system.folder / "crashes"
    folder.mkdir()
    values = folder / "values.json"
    values.write_text(json.dumps(CANARIES))
    for kind, program in CRASHES.items():
        (folder / f"{kind}.py").write_text(CRASH.format(values=str(values)) + program)
    done = system.run_command("shell", "--no-imports", "--command", CRASH_EACH.format(folder=str(folder)))
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("kind", sorted(CRASHES))
def test_a_crash_says_where_and_never_what(system: System, crashes: Path, kind: str) -> None:
    """Break: leave one of Python's three hooks as it is; log a library's own words; let ERROR into PostgreSQL's log."""
    said = (crashes / f"{kind}.said").read_text(errors="replace")
    assert any(sign in said for sign in (f"{kind}.py", "UserWarning", "line_lost", "wallet.x")), said
    logs = [*(system.var / "log").iterdir(), system.var / "postgres/postgres.log", system.var / "valkey/valkey.log"]
    everything = said + system.output + "".join(path.read_text(errors="replace") for path in logs)
    assert [canary for canary in CANARIES if canary in everything] == []


def test_a_task_that_fails_leaves_its_arguments_nowhere(system: System) -> None:
    """Celery's own lines quote arguments, and bodies of tasks that nobody knows. Break: log a library's own words."""
    program = f"""from wallet.celery import app
from wallet.core.outbox import work
for canary in {CANARIES!r}:
    work.apply_async((f'{{canary}}-x',))
    app.send_task('no.such.task', args=[canary], kwargs={{'pan': canary}})
"""
    done = system.run_command("shell", "--no-imports", "--command", program)
    assert done.returncode == 0, done.stderr
    log = system.var / "log" / "worker.log"

    def lines(of: str) -> int:
        return log.read_text(errors="replace").count(of)

    wait_for(lambda: lines('"exception": "ValueError"') >= len(CANARIES) and lines("no.such.task") >= len(CANARIES))
    assert [canary for canary in CANARIES if canary in log.read_text(errors="replace")] == []
    settings = read_env_file(system.var / "env")
    broker = redis.Redis.from_url(settings["REDIS_URL"])
    wait_for(lambda: not broker.exists("unacked"))
    kept = b"".join(key + (broker.dump(key) or b"") for key in broker.scan_iter())
    broker.close()
    assert [canary for canary in CANARIES if canary.encode() in kept] == []


STARTS = """
import multiprocessing, sys
from wallet.embedded.web import load
worker = multiprocessing.get_context("fork").Process(target=load)
worker.start()
worker.join()
sys.exit(worker.exitcode)
"""


def test_a_worker_of_the_web_that_cannot_start_says_so_without_the_message() -> None:
    """Granian forks it, and multiprocessing prints exceptions by itself. Break: no `except` in `load`."""
    environment = {**os.environ, "LOG_LEVEL": CANARIES[4]}
    done = subprocess.run(
        [sys.executable, "-c", STARTS], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "ValueError (message withheld)" in done.stderr
    assert CANARIES[4] not in done.stdout + done.stderr
