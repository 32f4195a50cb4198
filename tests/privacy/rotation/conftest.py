from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from privacy.crypto.rotation.progress import Progress
from privacy.crypto.rotation.session import Session
from tests.privacy.rotation.house import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A database, a key file and an erasure journal of its own."""
    with House.open(tmp_path) as house:
        yield house


@pytest.fixture
def key_house(house: House, settings: Any) -> House:
    """The same, and this process keeps its keys there: they stand in another database than the rows."""
    settings.KEYS_DATABASE_URL = house.environment["DATABASE_URL"]
    settings.KEY_FILE = house.environment["KEY_FILE"]
    settings.ERASURE_JOURNAL = house.environment["ERASURE_JOURNAL"]
    return house


@pytest.fixture
def session(key_house: House, django_db_blocker: Any) -> Iterator[Session]:
    """A rotation that holds the lock, and waits a moment only: nobody else is there."""
    with django_db_blocker.unblock(), Session(Progress(lambda line: None), margin=0.05) as session:
        yield session
