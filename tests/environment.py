"""The tests' real parts, started before Django reads its settings (loaded with `-p tests.environment`).

One throw-away PostgreSQL cluster and one Valkey for a run (or those that TEST_CLUSTER names), one template database for
a state of the migrations, one database of its own for every test process. The tests connect as the application role:
only migrations and the making of databases use the owner's and the superuser's (settled.md 26).
"""

import atexit
import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
# Whoever loads a module first compiles it for all the processes that the tests start, whatever the shell says.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
FOLDER = Path(tempfile.mkdtemp(prefix="paravent-tests-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)


def _cluster() -> dict[str, str]:
    """Connection URLs, with `{db}` where the database's name goes."""
    if given := os.environ.get("TEST_CLUSTER_URLS"):
        return dict(json.loads(given))
    if shared := os.environ.get("TEST_CLUSTER"):
        return dict(json.loads((Path(shared) / "urls.json").read_text()))
    from wallet.embedded.postgres import Role, start_cluster
    from wallet.embedded.valkey import start_valkey

    for name in ("postgres", "valkey"):
        (FOLDER / name).mkdir(mode=0o700)
    cluster = start_cluster(FOLDER / "postgres", durable=False)
    valkey = start_valkey(FOLDER / "valkey")
    atexit.register(cluster.stop)
    atexit.register(valkey.stop)
    return {
        "owner": cluster.url(Role.OWNER, "{db}"),
        "app": cluster.url(Role.APP, "{db}"),
        "superuser": cluster.superuser_url,
        "redis": valkey.url,
    }


def _migration_state() -> str:
    """A digest of everything that shapes the database."""
    files = sorted([*ROOT.glob("*/migrations/*.py"), *ROOT.glob("*/*/sql/*.sql"), ROOT / "wallet/core/migrations.py"])
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def make_database(name: str, *, template: str | None = None) -> None:
    """A database that the owner role owns, empty or a copy of a template."""
    with psycopg.connect(URLS["superuser"], autocommit=True) as connection:
        statement = sql.SQL("CREATE DATABASE {} OWNER paravent_owner TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(template or "template0")
        )
        connection.execute(statement)
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO paravent_app").format(sql.Identifier(name)))


def settings_of(database: str) -> dict[str, str]:
    """What a process gets that lives in another database than the tests': that database's log has a file of its own."""
    return {
        "DATABASE_URL": URLS["app"].replace("{db}", database),
        "MIGRATION_DATABASE_URL": URLS["owner"].replace("{db}", database),
        "CHECKPOINT_FILE": str(FOLDER / f"{database}.jsonl"),
    }


def drop_database(name: str) -> None:
    """Away with it, and with whoever is still connected."""
    with psycopg.connect(URLS["superuser"], autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _template() -> str:
    """The migrated template database, made by whoever comes first."""
    name = f"template_{_migration_state()}"
    with psycopg.connect(URLS["superuser"], autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtext('paravent-tests-template'))")
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if found is None:
            half = f"{name}_{os.getpid()}"
            make_database(half)
            migrate = subprocess.run(
                [sys.executable, "manage.py", "migrate", "--verbosity", "0", "--skip-checks"],
                cwd=ROOT, env={**os.environ, **settings_of(half)}, capture_output=True, text=True, check=False,
            )  # fmt: skip
            if migrate.returncode:
                drop_database(half)
                raise SystemExit(f"The migrations fail:\n{migrate.stdout}{migrate.stderr}")
            connection.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(half), sql.Identifier(name))
            )
    return name


def _secrets(folder: Path) -> None:
    os.environ.setdefault("MODE", "sandbox")
    os.environ.setdefault("RATE_LIMITS", "off")
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    os.environ["VAR_DIR"] = str(folder)
    (folder / "static").mkdir(exist_ok=True)
    os.environ["KEY_FILE"] = str(folder / "keys" / "kek")
    for name in ("SECRET_KEY", "SANDBOX_NETWORK_KEY", "SANDBOX_GATEWAY_SECRET"):
        os.environ.setdefault(name, secrets.token_urlsafe(48))
    if not (folder / "keys" / "kek").exists():
        from privacy.crypto.providers import create_key_file

        (folder / "keys").mkdir(mode=0o700, exist_ok=True)
        create_key_file(folder / "keys" / "kek")


from wallet.embedded.catalogues import compile_catalogues  # noqa: E402 - the path is set by whoever loads this

compile_catalogues(ROOT)
URLS = _cluster()
os.environ["TEST_CLUSTER_URLS"] = json.dumps(URLS)
# The folder of whoever started first, for what all processes of a run share.
os.environ.setdefault("TEST_RUN_FOLDER", str(FOLDER))
os.environ["DJANGO_SETTINGS_MODULE"] = "wallet.settings"
# A Redis database of one's own for each process: nobody empties another's counters.
os.environ["REDIS_URL"] = f"{URLS['redis']}?db={os.getpid() % 15 + 1}"
os.environ["DATABASE_POOLED"] = "off"
# One log, whatever address a server of a test has.
os.environ["LOG_ORIGIN"] = "paravent.test/log"
_secrets(FOLDER)
TEMPLATE = _template()
DATABASE = f"test_{os.getpid()}_{secrets.token_hex(3)}"
make_database(DATABASE, template=TEMPLATE)
atexit.register(drop_database, DATABASE)
os.environ["DATABASE_URL"] = URLS["app"].replace("{db}", DATABASE)
os.environ["MIGRATION_DATABASE_URL"] = URLS["owner"].replace("{db}", DATABASE)
