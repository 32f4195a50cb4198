"""Start the whole system in order, watch it, and stop it in order."""

import importlib.util
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from wallet.embedded.catalogues import compile_catalogues
from wallet.embedded.children import EmbeddedError, end_with_parent, kill_group, last_lines, stop_child
from wallet.embedded.environment import application_environment, demo_environment, for_shells
from wallet.embedded.migrating import migrate
from wallet.embedded.options import Options
from wallet.embedded.postgres import Cluster, start_cluster
from wallet.embedded.probes import answers, check_ports, listens
from wallet.embedded.seeding import seed_demo
from wallet.embedded.services import Service
from wallet.embedded.state import StateFolder
from wallet.embedded.valkey import Valkey, start_valkey

WEB_PATIENCE_SECONDS = 60.0
DEMO_PATIENCE_SECONDS = 20.0
STOP_PATIENCE_SECONDS = 12.0
#: A server that lived shorter than this gets a pause before it starts again.
SERVER_SETTLED_SECONDS = 5.0
SERVER_PAUSE_SECONDS = 1.0
WATCH_SECONDS = 0.2


class Supervisor:
    """The running system."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._state: StateFolder
        self._cluster: Cluster | None = None
        self._valkey: Valkey | None = None
        self._services: list[Service] = []
        self._server_started_at: dict[str, float] = {}
        self._stop_asked = threading.Event()
        self._began_at = time.monotonic()

    def run(self) -> None:
        """Run until a signal says stop.

        Raises:
            EmbeddedError: something does not start, or PostgreSQL does not stay up.
        """
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self._stop_asked.set())
        _end_with_make()
        options = self._options
        self._state = StateFolder(options.var_dir)
        check_ports({"PORT": options.port} | ({"DEMO_PORT": options.demo_port} if options.with_demo else {}))
        try:
            self._start()
            while not self._stop_asked.wait(WATCH_SECONDS):
                self._watch()
        except _StopAsked:
            pass
        finally:
            self._stop()

    def _start(self) -> None:
        options = self._options
        _say(f"Paravent starts. What it keeps is in {self._state.path}")
        compile_catalogues(options.checkout)
        self._state.folder("static")
        self._start_servers()
        application = application_environment(
            self._state,
            {
                "MODE": options.mode,
                "PORT": str(options.port),
                "DEMO_PORT": str(options.demo_port),
                "PUBLIC_URL": options.public_url,
                "VAR_DIR": str(self._state.path),
                "DATABASE_URL": self._cluster.app_url if self._cluster else options.database_url,
                "REDIS_URL": self._valkey.url if self._valkey else options.redis_url,
                "PYTHONUNBUFFERED": "1",
            },
        )
        owner = application | {"MIGRATION_DATABASE_URL": self._migration_url()}
        self._state.write_environment(for_shells(owner))
        note = self._cluster.folder / "migrated" if self._cluster else None
        with _Step("Database migrated" if note is None or not note.exists() else "Database checked"):
            migrate(options.checkout, environment=owner, note=note)
        self._checkpoint()
        python = (sys.executable, "-m")
        celery = (*python, "celery", "--app", "wallet.celery", "--skip-checks")
        beat_file = str(self._state.folder("beat") / "schedule")
        self._add("web", (*python, "wallet.embedded.web"), application)
        for name, queue, threads in (("worker", "work", "4"), ("caller", "calls", "16")):
            self._add(
                name,
                (*celery, "worker", "--queues", queue, "--pool", "threads", "--concurrency", threads, "--loglevel",
                 "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"),
                application,
            )  # fmt: skip
        self._add(
            "beat", (*celery, "beat", "--loglevel", "WARNING", "--pidfile", "", "--schedule", beat_file), application
        )
        self._add("sealer", (sys.executable, "manage.py", "seal_exposures"), application)
        with _Step("Web, workers, beat and sealer started"):
            self._wait_for_web()
        self._write_sandbox_file(application)
        if options.with_demo and _has_demo(options.checkout):
            self._start_demo(application)
        self._say_ready()

    def _start_servers(self) -> None:
        if not self._options.database_url:
            with _Step("PostgreSQL started"):
                self._cluster = start_cluster(self._state.folder("postgres"), durable=self._options.durable)
            self._server_started_at["PostgreSQL"] = time.monotonic()
        self._checkpoint()
        if not self._options.redis_url:
            with _Step("Valkey started"):
                self._valkey = start_valkey(self._state.folder("valkey"))
            self._server_started_at["Valkey"] = time.monotonic()
        self._checkpoint()

    def _start_demo(self, environment: dict[str, str]) -> None:
        try:
            with _Step("Demo chat started"):
                config = seed_demo(self._state, self._options, environment)
                environment = demo_environment(
                    {
                        "DEMO_PORT": str(self._options.demo_port),
                        "DEMO_CONFIG": str(config),
                        "DEMO_DATA": str(self._state.folder("demo")),
                        "PYTHONUNBUFFERED": "1",
                    }
                )
                self._add("demo", (sys.executable, "-m", "demo"), environment, signal.SIGTERM)
                self._wait_for_demo()
        except EmbeddedError as error:
            _say(f"  The demo chat is not started: {error}")

    def _migration_url(self) -> str:
        return self._cluster.owner_url if self._cluster else self._options.migration_database_url

    def _write_sandbox_file(self, environment: dict[str, str]) -> None:
        if self._options.mode == "sandbox":
            key_file = Path(environment.get("SANDBOX_NETWORK_KEY_FILE", os.devnull))
            self._state.write_json(
                "sandbox.json",
                {
                    "network_key": environment.get("SANDBOX_NETWORK_KEY") or key_file.read_text("ascii").strip(),
                    "url": self._options.public_url,
                    "local_url": self._options.local_url,
                    "demo_url": self._options.demo_url,
                },
            )

    def _add(
        self,
        name: str,
        command: tuple[str, ...],
        environment: dict[str, str],
        death_signal: signal.Signals = signal.SIGKILL,
    ) -> None:
        log = self._state.folder("log") / f"{name}.log"
        service = Service(
            name=name,
            command=command,
            environment=environment,
            cwd=self._options.checkout,
            log=log,
            death_signal=death_signal,
        )
        service.start()
        self._services.append(service)
        self._write_processes()

    def _write_processes(self) -> None:
        processes = {service.name: service.process.pid for service in self._services if service.process}
        if self._cluster:
            processes["postgres"] = self._cluster.process.pid
        if self._valkey:
            processes["valkey"] = self._valkey.process.pid
        self._state.write_json("processes.json", {"supervisor": os.getpid(), **processes})

    def _wait_for_web(self) -> None:
        web = self._services[0]
        give_up_at = time.monotonic() + WEB_PATIENCE_SECONDS
        while not answers(self._options.port, public_url=self._options.public_url):
            self._checkpoint()
            if web.process is None or web.process.poll() is not None or time.monotonic() > give_up_at:
                raise EmbeddedError(f"The web server does not start. The end of {web.log}:\n{last_lines(web.log)}")
            time.sleep(0.05)

    def _wait_for_demo(self) -> None:
        demo = self._services[-1]
        give_up_at = time.monotonic() + DEMO_PATIENCE_SECONDS
        while not listens(self._options.demo_port):
            self._checkpoint()
            if demo.process is None or demo.process.poll() is not None or time.monotonic() > give_up_at:
                raise EmbeddedError(f"it does not answer. The end of {demo.log}:\n{last_lines(demo.log)}")
            time.sleep(0.05)

    def _checkpoint(self) -> None:
        if self._stop_asked.is_set():
            raise _StopAsked

    def _watch(self) -> None:
        changed = False
        if self._cluster and self._cluster.process.poll() is not None:
            self._restart("PostgreSQL", self._cluster.start)
            changed = True
        if self._valkey and self._valkey.process.poll() is not None:
            self._restart("Valkey", self._valkey.start)
            changed = True
        for service in self._services:
            if said := service.tend():
                _say(said)
                changed = True
        if changed:
            self._write_processes()

    def _restart(self, name: str, start: Callable[[], None]) -> None:
        """Start a dead server again; `start` raises, and ends us, when it does not come up."""
        _say(f"{name} ended; it starts again")
        if time.monotonic() - self._server_started_at[name] < SERVER_SETTLED_SECONDS:
            self._stop_asked.wait(SERVER_PAUSE_SECONDS)
        start()
        self._server_started_at[name] = time.monotonic()
        _say(f"{name} started again")

    def _stop(self) -> None:
        """Ask all services at once, then Valkey, then PostgreSQL."""
        if self._services or self._cluster or self._valkey:
            _say("Paravent stops …")
        running = [service.process for service in self._services if service.process]
        for process in running:
            if process.poll() is None:
                process.terminate()
        give_up_at = time.monotonic() + STOP_PATIENCE_SECONDS
        while any(process.poll() is None for process in running) and time.monotonic() < give_up_at:
            time.sleep(0.02)
        for process in running:
            kill_group(process)
            stop_child(process, ask=signal.SIGKILL, patience_seconds=1)
        if self._valkey:
            self._valkey.stop()
        if self._cluster:
            self._cluster.stop()
        for name in ("env", "processes.json"):
            self._state.forget(name)
        if self._services:
            _say("Stopped.")

    def _say_ready(self) -> None:
        seconds = time.monotonic() - self._began_at
        lines = [f"Ready after {seconds:.1f} s.", "", f"  Wallet:     {self._options.public_url}"]
        if any(service.name == "demo" for service in self._services):
            lines.append(f"  Demo chat:  {self._options.demo_url}")
        lines += ["", f"Logs are in {self._state.path / 'log'}. Ctrl-C stops everything; what you did is kept."]
        _say("\n".join(lines))


class _StopAsked(Exception):
    """A signal came while we were starting."""


class _Step:
    """Say what was done and how long it took."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        self._began_at = time.monotonic()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            _say(f"  {self._name} ({time.monotonic() - self._began_at:.1f} s)")


def _say(text: str) -> None:
    try:
        print(text, flush=True)
    except (BrokenPipeError, ValueError):  # whoever read has gone; the system goes on
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - stays open to the end


def _has_demo(checkout: Path) -> bool:
    return importlib.util.find_spec("demo") is not None and (checkout / "demo" / "__main__.py").is_file()


def _end_with_make() -> None:
    """When `make` started us and is killed, nobody can press Ctrl-C any more: stop in order."""
    try:
        parent = Path(f"/proc/{os.getppid()}/comm").read_text(encoding="utf-8").strip()
    except OSError:
        return
    if parent in {"make", "gmake"}:
        end_with_parent(signal.SIGTERM)
