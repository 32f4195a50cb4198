"""Fixtures that every room's tests share; the real parts are started in `tests.environment`."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import TransactionTestCase
from django.utils import translation
from whitenoise.middleware import WhiteNoiseMiddleware
from xdist.scheduler.loadfile import LoadFileScheduling

from tests import environment
from tests.support.browser import chromium, new_visitor, visitor
from tests.support.web import web, webs

# A wallet that answers, and people with browsers: one browser for a run, whoever asks for it first.
__all__ = ["chromium", "new_visitor", "visitor", "web", "webs"]

_LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")  # noqa: S104 - an address to compare with, nothing listens


#: Files with whole systems, browsers or big databases in them.
_LONG = (
    "tests/journeys/",
    "tests/leaks/",
    "tests/wallet/embedded/",
    "tests/wallet/test_hygiene",
    "tests/privacy/rotation/",
    "tests/privacy/crypto/",  # some go through everything that earlier tests have left
)

#: Files that leave the whole system of the journeys as it was, for the next.
_SHARING = ("test_newcomer.py", "test_quick_start.py", "test_story.py")


class _OneSystem(LoadFileScheduling):
    """All tests of a file in one process, and the files that share a system in the same one: it starts once."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "tests/journeys" if file.endswith(_SHARING) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _OneSystem:
    """Used instead of the one that the Makefile names."""
    return _OneSystem(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first: at the end of a run all processes then have short ones to share (with loadfile)."""
    items.sort(key=lambda item: not item.nodeid.startswith(_LONG))


@pytest.fixture(scope="session")
def django_db_setup() -> None:
    """The database of this process is already there (tests.environment)."""


@pytest.fixture(scope="session", autouse=True)
def _no_truncate() -> Iterator[None]:
    """The application role cannot TRUNCATE, and must not: committed tests use fresh ids instead."""
    patch = pytest.MonkeyPatch()
    patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _test: None)
    yield
    patch.undo()


@pytest.fixture(scope="session", autouse=True)
def _static_files_are_found_once() -> Iterator[None]:
    """Every test's client has a chain of middleware of its own: it need not look at 170 files of pages again."""
    found: dict[str, Any] = {}
    find = WhiteNoiseMiddleware.add_files_from_finders

    def find_once(middleware: Any) -> None:
        if not found:
            find(middleware)
            found.update(middleware.files)
        middleware.files = dict(found)

    patch = pytest.MonkeyPatch()
    patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", find_once)
    yield
    patch.undo()


@pytest.fixture(scope="module", autouse=True)
def _all_holds(django_db_blocker: Any) -> Iterator[None]:
    """After each file of tests, the books of its process balance (standard.md L03)."""
    yield
    from wallet.ledger import verify

    with django_db_blocker.unblock():
        left = verify.verify().differences
        connection.close()
    assert left == [], "a test of this file has left something that does not hold"


@pytest.fixture(scope="session", autouse=True)
def _log_opens(django_db_blocker: Any) -> Iterator[None]:
    """After all of them, every exposure opens and the whole log holds: it is too long to be read after each file."""
    yield
    from privacy.exposure import verifying

    with django_db_blocker.unblock():
        left = verifying.verify().faults
        connection.close()
    assert left == [], "some test has left something in the log that does not hold"


@pytest.fixture(scope="session", autouse=True)
def _loopback_only() -> Iterator[None]:
    """Nothing in a test reaches beyond this machine."""
    patch = pytest.MonkeyPatch()
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and not str(address[0]).startswith(_LOOPBACK):
            raise AssertionError("a test tried to reach another machine")
        connect(self, address)

    patch.setattr(socket.socket, "connect", guarded)
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    """No counter of one test reaches the next, nor the language of the last page that it read."""
    yield
    translation.deactivate()
    if not environment.__dict__.get("shared_cache"):
        cache.clear()
