"""What the hot paths leave out, and still notice: copies of serializers, questions to a connection, one message a row."""

import time
from typing import Any

import psycopg
import pytest
from django.db import connection
from rest_framework import serializers

from cards.network.sandbox.bodies import AuthorizationBody
from tests.environment import URLS
from wallet.core import outbox
from wallet.core.members import validated
from wallet.core.postgresql.base import check_when_in_doubt

GOOD: dict[str, Any] = {
    "pan": "9999001234567898", "expiry": "2029-05", "cvc": "123", "amount": {"value": 100, "currency": "EUR"},
    "merchant": {"id": "shop-1", "name": "Corner Shop", "mcc": "5999", "country": "FR"}, "network_ref": "n1",
}  # fmt: skip
BAD = [
    {"amount": {"value": 1.0, "currency": "EUR"}}, {"amount": {"value": -1, "currency": "EUR"}}, {"amount": None},
    {"merchant": {"id": "shop-1"}}, {"pan": 9}, {"expiry": "2029-13"}, {"cvc": None}, {"entry": "fax"}, {"partial": "yes"},
]  # fmt: skip


@pytest.mark.parametrize("more", [{}, {"partial": True}, {"entry": "chip", "cvc": None}])
def test_one_reader_for_all_bodies_reads_as_a_new_one_does(more: dict[str, Any]):
    fresh = AuthorizationBody(data=GOOD | more)
    fresh.is_valid(raise_exception=True)
    assert validated(AuthorizationBody, GOOD | more) == dict(fresh.validated_data)


@pytest.mark.parametrize("more", BAD)
def test_what_it_refuses_is_refused_in_the_same_words(more: dict[str, Any]):
    """Break: raise what the one reader has raised, for a body that is null."""
    fresh = AuthorizationBody(data=GOOD | more)
    assert not fresh.is_valid()
    with pytest.raises(serializers.ValidationError) as refused:
        validated(AuthorizationBody, GOOD | more)
    assert refused.value.detail == fresh.errors
    assert validated(AuthorizationBody, GOOD)["network_ref"] == "n1"


@pytest.mark.django_db
def test_a_connection_that_the_server_has_ended_is_noticed_at_once():
    """Break: look at the clock alone: within five seconds nobody asks."""
    url = URLS["app"].replace("{db}", str(connection.settings_dict["NAME"]))
    with psycopg.connect(url, autocommit=True) as pooled:
        check_when_in_doubt(pooled)
        check_when_in_doubt(pooled)
        with psycopg.connect(URLS["superuser"], autocommit=True) as root:
            root.execute("SELECT pg_terminate_backend(%s)", [pooled.info.backend_pid])
        until = time.monotonic() + 30
        with pytest.raises(psycopg.OperationalError):
            while time.monotonic() < until:
                check_when_in_doubt(pooled)


def test_workers_are_told_of_many_rows_at_once(monkeypatch: pytest.MonkeyPatch):
    """Break: send a message for each row."""
    told: list[list[int]] = []
    monkeypatch.setattr(outbox.work_all, "apply_async", lambda args, **_options: told.append(args[0]))
    for entry_id in range(50):
        outbox.wake_soon(-entry_id - 1)
    until = time.monotonic() + 30
    while sum(map(len, told)) < 50 and time.monotonic() < until:
        time.sleep(0.01)
    assert sorted(one for ids in told for one in ids) == list(range(-50, 0))
    assert len(told) < 50
