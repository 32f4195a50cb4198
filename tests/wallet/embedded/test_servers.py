"""The embedded servers: whatever is killed comes back with what it had, and nobody gets in who should not."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from tests.support.system import ROOT, wait_for
from wallet.embedded import programs
from wallet.embedded.children import server_account
from wallet.embedded.postgres import Role, start_cluster
from wallet.embedded.sockets import FOLDER_BYTES_MAX
from wallet.embedded.valkey import start_valkey


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a space in its name, in a home that only we may enter."""
    home = Path(tempfile.mkdtemp(prefix="alice-"))
    place = home / "my wallet"
    place.mkdir()
    yield place
    shutil.rmtree(home)


def count(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
    assert row is not None
    return int(row[0])


def test_a_killed_server_comes_back_with_all_that_was_acknowledged(folder: Path) -> None:
    """Break: `fsync=off` for the durable cluster is seen by the setting; a lost row by the count."""
    cluster = start_cluster(folder, durable=True)
    try:
        with psycopg.connect(cluster.owner_url) as connection:
            connection.execute("CREATE TABLE kept (number int)")
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
        for number in range(3):
            with psycopg.connect(cluster.owner_url) as connection:
                connection.execute("INSERT INTO kept VALUES (%s)", [number])
            cluster.process.kill()
            cluster.process.wait()
            cluster.start()
            assert count(cluster.owner_url) == number + 1
    finally:
        cluster.stop()


def test_a_second_start_keeps_data_and_passwords(folder: Path) -> None:
    first = start_cluster(folder, durable=False)
    with psycopg.connect(first.owner_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
    first.stop()
    second = start_cluster(folder, durable=False)
    try:
        assert count(second.owner_url) == 1
    finally:
        second.stop()


def test_a_start_killed_while_it_made_the_cluster_begins_again(folder: Path) -> None:
    """Break: taking `data/PG_VERSION` for the sign of a finished cluster fails here."""
    half = folder / "data"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    (folder / "initdb-password").write_text("half")
    cluster = start_cluster(folder, durable=False)
    cluster.stop()


def test_a_pid_file_that_names_somebody_elses_process_is_forgotten(folder: Path) -> None:
    """After a restart of the container any process may have that number.

    Break: without `_clear_left_server` PostgreSQL refuses to start for as long as the process lives.
    """
    cluster = start_cluster(folder, durable=False)
    stale = (folder / "data" / "postmaster.pid").read_text()
    cluster.stop()
    account = server_account()
    other = subprocess.Popen(["sleep", "60"], user=account.uid if account else None)
    try:
        lines = stale.splitlines()
        lines[0] = str(other.pid)
        (folder / "data" / "postmaster.pid").write_text("\n".join(lines) + "\n")
        again = start_cluster(folder, durable=False)
        assert other.poll() is None
        again.stop()
    finally:
        other.kill()
        other.wait()


def test_nothing_outlives_a_killed_parent(folder: Path) -> None:
    """Break: without PR_SET_PDEATHSIG both servers stay."""
    (folder / "pg").mkdir()
    (folder / "kv").mkdir()
    program = """
        import sys, time
        from pathlib import Path
        from wallet.embedded.postgres import start_cluster
        from wallet.embedded.valkey import start_valkey
        folder = Path(sys.argv[1])
        cluster = start_cluster(folder / "pg", durable=True)
        valkey = start_valkey(folder / "kv")
        print(cluster.process.pid, valkey.process.pid, flush=True)
        time.sleep(60)
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), str(folder)], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    pids = [int(word) for word in parent.stdout.readline().split()]
    assert len(pids) == 2
    parent.stdout.close()
    parent.kill()
    parent.wait()
    wait_for(lambda: not any(alive(pid) for pid in pids), seconds=10)
    start_valkey(folder / "kv").stop()
    cluster = start_cluster(folder / "pg", durable=True)
    cluster.stop()


def alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    return "State:\tZ" not in status


def test_a_long_path_still_gives_a_socket_that_can_be_bound(folder: Path) -> None:
    deep = folder / ("long-" * 20) / ("longer-" * 10)
    deep.mkdir(parents=True)
    assert len(os.fsencode(deep)) > FOLDER_BYTES_MAX
    valkey = start_valkey(deep)
    try:
        assert len(os.fsencode(valkey.socket)) < 107
        with redis.from_url(valkey.url) as client:
            assert client.ping()
    finally:
        valkey.stop()
    assert not valkey.socket.parent.exists()


def test_the_application_role_may_not_make_tables_and_nobody_enters_without_a_password(folder: Path) -> None:
    """Break: `--auth=trust`, or an app role that owns the database."""
    cluster = start_cluster(folder, durable=False)
    try:
        with psycopg.connect(cluster.app_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE mine (number int)")
        for role in Role:
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(f"host={cluster.socket_folder} user={role} dbname=postgres password=")
        assert cluster.app_url.split(":")[2].split("@")[0] not in repr(cluster)
    finally:
        cluster.stop()


def test_what_the_servers_keep_is_for_their_owner_only(folder: Path) -> None:
    cluster = start_cluster(folder, durable=False)
    valkey = start_valkey(folder)
    try:
        private = [folder / "data", folder / "passwords.json", cluster.log, cluster.socket_folder, valkey.socket.parent]
        assert {path: path.stat().st_mode & 0o077 for path in private} == dict.fromkeys(private, 0)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(valkey.socket))
    finally:
        valkey.stop()
        cluster.stop()


def test_valkey_keeps_what_was_queued_over_a_restart(folder: Path) -> None:
    first = start_valkey(folder)
    with redis.from_url(first.url) as client:
        client.lpush("celery", "task")
    first.stop()
    second = start_valkey(folder)
    try:
        with redis.from_url(second.url) as client:
            assert client.llen("celery") == 1
    finally:
        second.stop()


def test_the_servers_run_for_an_ordinary_user() -> None:
    """As root the servers take another account; here the whole start is an ordinary user's.

    Break: changing the account although we are not root, which the kernel refuses.
    """
    folder = Path(tempfile.mkdtemp(prefix="bob-"))
    user = pwd.getpwnam("nobody")
    if os.geteuid() == 0:
        os.chown(folder, user.pw_uid, user.pw_gid)
    answer, question = os.pipe()
    child = os.fork()
    if child == 0:
        _start_as(user, folder, question)
    os.close(question)
    said = b""
    while part := os.read(answer, 1000):
        said += part
    os.close(answer)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, said.decode()
    assert said == b"paravent_app"
    shutil.rmtree(folder)


def _start_as(user: pwd.struct_passwd, folder: Path, question: int) -> None:
    """In a forked child, which must not return."""
    try:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
        os.chdir("/")
        cluster = start_cluster(folder, durable=False)
        valkey = start_valkey(folder)
        with psycopg.connect(cluster.app_url) as connection:
            row = connection.execute("SELECT current_user").fetchone()
        valkey.stop()
        cluster.stop()
        os.write(question, row[0].encode() if row else b"")
        os._exit(0)
    except BaseException as error:  # noqa: BLE001 - told to the parent
        os.write(question, repr(error).encode())
        os._exit(1)


def test_an_unreachable_environment_is_copied_to_where_the_server_account_can_run_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Break: without the copy, or without its `.libs`, the server's account cannot run the program."""
    account = server_account()
    package = programs._wheel_package()
    assert package is not None
    hidden = folder / "site-packages"
    hidden.mkdir()
    for part in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, hidden / part.name, symlinks=True)
    shared = Path(tempfile.mkdtemp(prefix="shared-"))
    shared.chmod(0o755)
    monkeypatch.setattr(programs, "_wheel_package", lambda: hidden / package.name)
    monkeypatch.setattr(programs, "SHARED_STATE", shared / "paravent")
    monkeypatch.delenv("PG_BINDIR", raising=False)
    found = programs.find_postgres(account=account)
    expected = shared / "paravent" if account else hidden
    assert found.bindir.is_relative_to(expected)
    place = folder / "data of its own"
    place.mkdir()
    cluster = start_cluster(place, durable=False)
    assert cluster.programs.bindir == found.bindir
    cluster.stop()
    shutil.rmtree(shared)


def test_a_chosen_folder_without_postgresql_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_BINDIR", str(folder))
    with pytest.raises(programs.EmbeddedError, match="PG_BINDIR="):
        start_cluster(folder, durable=False)


def test_a_server_that_outlived_its_supervisor_is_stopped_by_the_next_start(folder: Path) -> None:
    """Break: without `_clear_left_server` the next start fails for 15 s and gives up."""
    left = start_cluster(folder, durable=True)
    began_at = time.monotonic()
    cluster = start_cluster(folder, durable=True)
    assert time.monotonic() - began_at < 8
    assert left.process.wait(1) == 0 or left.process.returncode == -signal.SIGKILL
    cluster.stop()
