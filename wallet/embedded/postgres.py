"""A PostgreSQL cluster in a folder: for `make run` (durable) and for tests (throw-away).

    cluster = start_cluster(folder, durable=False)     # makes it when it is not there, else starts it again
    cluster.owner_url       # role paravent_owner, owns database paravent; CREATEDB when throw-away
    cluster.app_url         # role paravent_app: may connect; its rights on tables come from the first migration
    cluster.superuser_url   # role postgres, database postgres
    cluster.url(Role.APP, "other_database")
    cluster.stop()

`folder` must exist (its parents may be anybody's). Inside: `data/` and `passwords.json` (0600). Nobody gets in without
a password, and only through a unix socket in a folder that only the server's account and root may enter.
As root the server runs as `postgres` or `nobody`; the data folder is handed over as an open descriptor, so that it may
lie in a private home. Call from the main thread (see `children`).
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from wallet.embedded.children import (
    Account,
    EmbeddedError,
    last_lines,
    open_log,
    server_account,
    start_child,
    stop_child,
)
from wallet.embedded.clusters import Role, check_version, data_path, make_cluster, server_environment
from wallet.embedded.programs import PostgresPrograms, find_postgres
from wallet.embedded.sockets import socket_folder

DATABASE = "paravent"
#: "pre-existing shared memory block" is said for a moment after a kill.
START_PATIENCE_SECONDS = 15.0
#: Crash recovery of a full log takes its time; the server says "starting" meanwhile.
RECOVERY_PATIENCE_SECONDS = 120.0
STOP_PATIENCE_SECONDS = 20.0


@dataclass(slots=True)
class Cluster:
    """A running PostgreSQL server and how to reach it."""

    folder: Path
    durable: bool
    socket_folder: Path
    programs: PostgresPrograms
    account: Account | None
    _passwords: dict[str, str] = field(repr=False)
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def owner_url(self) -> str:
        """Database `paravent` as its owner."""
        return self.url(Role.OWNER, DATABASE)

    @property
    def app_url(self) -> str:
        """Database `paravent` as the application."""
        return self.url(Role.APP, DATABASE)

    @property
    def superuser_url(self) -> str:
        """Database `postgres` as superuser."""
        return self.url(Role.SUPERUSER, "postgres")

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.folder / "postgres.log"

    def url(self, role: Role, database: str) -> str:
        """A connection URL for any role and database."""
        return f"postgresql://{role}:{self._passwords[role]}@/{database}?host={quote(str(self.socket_folder), safe='')}"

    def start(self) -> None:
        """Start the server and wait until it answers; also after it died.

        Raises:
            EmbeddedError: it does not come up; the message holds the end of its log.
        """
        _clear_left_server(self.folder / "data")
        give_up_at = time.monotonic() + START_PATIENCE_SECONDS
        while True:
            self._launch()
            if self._wait_ready():
                return
            if time.monotonic() > give_up_at:
                raise EmbeddedError(f"PostgreSQL does not start. The end of {self.log}:\n{last_lines(self.log)}")
            time.sleep(0.3)

    def stop(self) -> None:
        """Stop the server: in order when durable, at once when throw-away."""
        ask = signal.SIGINT if self.durable else signal.SIGQUIT
        stop_child(self.process, ask=ask, patience_seconds=STOP_PATIENCE_SECONDS)
        shutil.rmtree(self.socket_folder, ignore_errors=True)

    def _launch(self) -> None:
        with data_path(self.folder / "data", account=self.account) as (data, descriptors), open_log(self.log) as log:
            self.process = start_child(
                [self.programs.postgres, "-D", data, *_options(self.socket_folder, durable=self.durable)],
                env=server_environment(),
                cwd=Path("/"),
                output=log,
                account=self.account,
                keep_open=descriptors,
                death_signal=signal.SIGINT if self.durable else signal.SIGQUIT,
            )

    def _wait_ready(self) -> bool:
        """True when our process (not a stale file) says ready; False when it ended."""
        give_up_at = time.monotonic() + RECOVERY_PATIENCE_SECONDS
        while self.process.poll() is None:
            if _server_of(self.folder / "data", ready=True) == self.process.pid:
                return True
            if time.monotonic() > give_up_at:
                stop_child(self.process, ask=signal.SIGQUIT, patience_seconds=5)
                return False
            time.sleep(0.02)
        return False


def start_cluster(folder: Path, *, durable: bool) -> Cluster:
    """Start the cluster in `folder`, made first when there is none.

    Args:
        folder: an existing folder, ours alone.
        durable: True survives a power cut; False never waits for a disk and is for tests.

    Raises:
        EmbeddedError: no PostgreSQL is found, or it does not start.
    """
    folder = folder.absolute()
    account = server_account()
    programs = find_postgres(account=account)
    complete = folder / "passwords.json"
    if not complete.exists():
        make_cluster(folder, programs=programs, account=account, durable=durable)
    check_version(folder / "data", programs)
    cluster = Cluster(
        folder=folder,
        durable=durable,
        socket_folder=socket_folder(folder, "pg", account=account),
        programs=programs,
        account=account,
        _passwords=json.loads(complete.read_text(encoding="utf-8")),
    )
    cluster.start()
    try:
        _make_roles_and_database(cluster)
    except BaseException:
        cluster.stop()
        raise
    return cluster


def _make_roles_and_database(cluster: Cluster) -> None:
    """The two roles and the database; each step is skipped when it has been done."""
    with psycopg.connect(cluster.superuser_url, autocommit=True) as connection:
        known = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
        for role in (Role.OWNER, Role.APP):
            if role not in known:
                password = cluster._passwords[role]  # noqa: SLF001 - same module
                verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
                createdb = sql.SQL("CREATEDB" if role is Role.OWNER and not cluster.durable else "NOCREATEDB")
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN {} PASSWORD {}").format(
                        sql.Identifier(role), createdb, sql.Literal(verifier.decode())
                    )
                )
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            database = sql.Identifier(DATABASE)
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, sql.Identifier(Role.OWNER)))
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
            connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, sql.Identifier(Role.APP)))


def _options(sockets: Path, *, durable: bool) -> list[str]:
    options = {
        "listen_addresses": "",
        "unix_socket_directories": f'"{sockets}"',
        "unix_socket_permissions": "0700",
        "max_connections": "100" if durable else "300",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "jit": "off",
        # A failed statement, its parameters, its message ("invalid input syntax: …") and the detail of a constraint may
        # hold a person's data: none goes to the log. `log` keeps starts, stops and FATAL, and drops ERROR.
        "log_min_messages": "log",
        "log_min_error_statement": "panic",
        "log_statement": "none",
        "log_parameter_max_length": "0",
        "log_error_verbosity": "terse",
        "log_parameter_max_length_on_error": "0",
        "log_checkpoints": "off",
    }
    if not durable:
        options |= {"fsync": "off", "full_page_writes": "off", "max_wal_size": "2GB"}
    return [word for name, value in options.items() for word in ("-c", f"{name}={value}")]


def _server_of(data: Path, *, ready: bool) -> int | None:
    """The process that `postmaster.pid` names, when it is said to be ready (or however it is)."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
        if ready and (len(lines) < 8 or lines[7].strip() != "ready"):  # noqa: PLR2004 - the file's last line
            return None
        return int(lines[0])
    except (OSError, ValueError, IndexError):
        return None


def _clear_left_server(data: Path) -> None:
    """Stop a server that outlived its supervisor, and forget a `postmaster.pid` that names somebody else's process.

    After a restart of the machine or container any process may have that number, and PostgreSQL would refuse to start.
    """
    pid = _server_of(data, ready=False)
    if pid is None or not Path("/proc/self").exists():
        return
    for left_signal in (None, signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if left_signal is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, left_signal)
        give_up_at = time.monotonic() + 2
        while time.monotonic() < give_up_at:
            if not _works_in(pid, data):
                if _server_of(data, ready=False) == pid:
                    (data / "postmaster.pid").unlink(missing_ok=True)
                return
            time.sleep(0.05)


def _works_in(pid: int, data: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").samefile(data)
    except OSError:
        return False
