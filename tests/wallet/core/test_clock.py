"""A clock that a sandbox has moved is refused in production."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django.fixtures import Settings

from wallet.core import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of a sandbox that was forwarded."""
    monkeypatch.setattr(clock, "is_moved", lambda **_using: True)


def test_the_real_clock_is_not_moved():
    assert not clock.is_moved()


@pytest.mark.usefixtures("moved")
def test_production_is_not_ready_with_a_moved_clock(settings: Settings):
    """Break: leave the check out of `readyz`."""
    assert Client().get("/readyz").status_code == 200
    settings.SANDBOX = False
    assert Client().get("/readyz").status_code == 503


@pytest.mark.usefixtures("moved")
def test_production_does_not_migrate_with_a_moved_clock(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    """Break: leave the check out of `migrate`: the parts that wait for it would start."""
    from django.core.management.commands import migrate

    def nothing(*_arguments: Any, **_options: Any) -> None:
        """Migrate nothing: only the check after it is asked."""

    monkeypatch.setattr(migrate.Command, "handle", nothing)
    call_command("migrate")
    settings.SANDBOX = False
    with pytest.raises(CommandError, match="clock"):
        call_command("migrate")
