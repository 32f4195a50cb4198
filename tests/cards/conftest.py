"""What the tests of cards share."""

from collections.abc import Iterator

import pytest

from cards.authorizations import answers


@pytest.fixture(autouse=True)
def _recipients_are_looked_up_again() -> Iterator[None]:
    """A test that rolls back takes its merchants along."""
    answers.forget_recipients()
    yield
    answers.forget_recipients()
