"""What the tests of cards share."""

from collections.abc import Callable, Iterator

import pytest

from cards.authorizations import answers, authorize
from tests.cards.acquirer import programme
from wallet.ledger import balances
from wallet.ledger.accounts import AccountKind


@pytest.fixture(autouse=True)
def _recipients_are_looked_up_again() -> Iterator[None]:
    """A test that rolls back takes its merchants along."""
    answers.forget_recipients()
    yield
    answers.forget_recipients()


@pytest.fixture
def time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine declines in time (91), which is right and not what every test asks about."""
    monkeypatch.setattr(authorize, "LOCK_TIMEOUT", "60s")
    monkeypatch.setattr(authorize, "PATIENCE", "60s")
    monkeypatch.setattr(authorize, "DEADLINE_MS", 60_000)


@pytest.fixture
def losses() -> Callable[..., int]:
    """What the programme's losses account has moved by since this test began; below zero, it has paid."""

    def standing(currency: str) -> int:
        return balances.of_programme(programme(AccountKind.LOSSES, currency)).minor

    before = {currency: standing(currency) for currency in ("EUR", "USD")}
    return lambda currency="EUR": standing(currency) - before[currency]
