"""performance.md: sixteen processes for 60 s, one of them killed half-way: nothing lost, overdrawn or drifted, no deadlock."""

import time

import pytest

from tests.races import processes, test_money

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS = 60


def test_the_bank_test(deadline: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Break: as in `tests/races/test_money.py`."""
    seconds = min(max(deadline - time.monotonic(), 6), SECONDS)
    monkeypatch.setattr(test_money, "SECONDS", float(seconds))
    monkeypatch.setattr(processes, "PATIENCE_SECONDS", 250 + 4 * seconds)
    test_money.test_sixteen_processes_conserve_money_and_one_may_die()
