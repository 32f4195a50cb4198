"""The two that every test of webhooks needs."""

from collections.abc import Iterator

import pytest

from tests.payments.requests.test_requests_api import Story
from tests.payments.webhooks.receiving import Platform


@pytest.fixture
def server() -> Iterator[Platform]:
    running = Platform()
    yield running
    running.stop()


@pytest.fixture
def story() -> Story:
    return Story()
