import importlib
import os
import pickle
import secrets
import signal
import time
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.apps import AppConfig, apps

from privacy.crypto.keyring import Keyring
from tests import environment
from tests.privacy.crypto import people
from tests.privacy.crypto.parts import Clock, InProcesses, NewHolder, SwitchedProvider
from tests.support.kms import CREDENTIALS, Kms

if TYPE_CHECKING:
    from tests.privacy.crypto.wallet_rows import Cast, SealedCell


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def provider() -> SwitchedProvider:
    return SwitchedProvider()


@pytest.fixture
def ring(clock: Clock, provider: SwitchedProvider) -> Iterator[Keyring]:
    """A keyring whose provider and clock the test holds: what another process would have."""
    ring = Keyring(provider=lambda: provider, monotonic=clock, in_background=False)
    yield ring
    ring.stop()


@pytest.fixture(scope="session")
def _kms() -> Iterator[Kms]:
    with Kms() as kms:
        yield kms


@pytest.fixture
def kms(_kms: Kms, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kms]:
    """AWS KMS's double, in order and with an empty record; this process may use it."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    _kms.calls.clear()
    yield _kms
    _kms.answer = None
    _kms.go_on()


@pytest.fixture
def own_keys(settings: Any) -> Iterator[psycopg.Connection]:
    """Key tables that no other key has seen, as their owner sees them."""
    name = f"test_keys_{secrets.token_hex(4)}"
    environment.make_database(name, template=environment.TEMPLATE)
    settings.KEYS_DATABASE_URL = environment.URLS["app"].replace("{db}", name)
    with psycopg.connect(environment.URLS["owner"].replace("{db}", name), autocommit=True) as owner:
        yield owner
    environment.drop_database(name)


@pytest.fixture
def owner() -> Iterator[psycopg.Connection]:
    """The database as the migrating role sees it."""
    with psycopg.connect(os.environ["MIGRATION_DATABASE_URL"], autocommit=True) as connection:
        yield connection


@pytest.fixture
def app() -> Iterator[psycopg.Connection]:
    """The database as the application role sees it: what a thief with SQL access has."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        yield connection


@pytest.fixture
def people_tables(owner: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The tables of `people`, and its models where serialisers and pickle look for models."""
    owner.execute(people.TABLES)
    config = AppConfig("tests.privacy.crypto", importlib.import_module("tests.privacy.crypto"))
    config.label, config.apps, config.models_module = "crypto_tests", apps, people
    config.models = apps.all_models["crypto_tests"]
    with monkeypatch.context() as installed:
        installed.setitem(apps.app_configs, "crypto_tests", config)
        # Relations are looked for among installed models only, and remembered.
        apps.clear_cache()
        yield
    apps.clear_cache()


@pytest.fixture
def holder() -> NewHolder:
    """A fresh holder id: committed tests never share one."""
    return lambda name: f"holder_{name}_{secrets.token_hex(8)}"


@pytest.fixture
def in_processes() -> InProcesses:
    """Run work in so many forked processes, all let go at the same moment; what each returned."""

    def run(count: int, work: Callable[[int], Any]) -> list[Any]:
        go_at = time.monotonic() + 0.3
        return [_collect(*child) for child in [_fork(number, work, go_at) for number in range(count)]]

    return run


def _fork(number: int, work: Callable[[int], Any], go_at: float) -> tuple[int, int]:
    readable, writable = os.pipe()
    with warnings.catch_warnings():
        # Forking beside the keyring's thread is the point: the child must not need it.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid:
        os.close(writable)
        return pid, readable
    # A child that waits for a lock of its parent would wait for ever.
    signal.alarm(30)
    try:
        time.sleep(max(0.0, go_at - time.monotonic()))
        answer = pickle.dumps(work(number))
    except BaseException as error:  # noqa: BLE001 - the parent shows it
        answer = pickle.dumps(f"{type(error).__name__}: {error}")
    os.write(writable, answer)
    os._exit(0)


def _collect(pid: int, readable: int) -> Any:
    with os.fdopen(readable, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(pid, 0)
    return pickle.loads(answer) if answer else "the child hung"  # noqa: S301 - from our own child


@pytest.fixture(scope="session")
def cast(django_db_setup: None, django_db_blocker: Any) -> "Cast":
    with django_db_blocker.unblock():
        from tests.privacy.crypto.wallet_rows import Cast

        return Cast.play()


@pytest.fixture(scope="session")
def cells(cast: "Cast", django_db_blocker: Any) -> list["SealedCell"]:
    with django_db_blocker.unblock():
        from tests.privacy.crypto.wallet_rows import sealed_cells

        return sealed_cells(cast)


@pytest.fixture
def superuser() -> Iterator[psycopg.Connection]:
    """Whom no privilege and no trigger stops."""
    with psycopg.connect(environment.URLS["superuser"], dbname=environment.DATABASE, autocommit=True) as strong:
        strong.execute("SET session_replication_role = replica")
        yield strong
