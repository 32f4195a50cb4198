"""The journeys' own fixture: the whole system as a newcomer starts it."""

from collections.abc import Iterator

import pytest

from tests.support.system import System


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """`make run`, once for all journeys that leave it running."""
    with System(tmp_path_factory.mktemp("system")) as running:
        yield running
