"""`/metrics`: for the operator, and for nobody who merely asks."""

from typing import Any

import pytest
from django.test import Client


@pytest.mark.django_db
@pytest.mark.parametrize(("setting", "given"), [("", ""), ("", "Bearer "), ("right", ""), ("right", "Bearer wrong")])
def test_without_the_token_there_is_nothing_here(settings: Any, setting: str, given: str) -> None:
    """Break: compare with an empty METRICS_TOKEN."""
    settings.METRICS_TOKEN = setting
    assert Client().get("/metrics", headers={"Authorization": given}).status_code == 404


@pytest.mark.django_db
def test_the_queue_is_counted(settings: Any) -> None:
    settings.METRICS_TOKEN = "right"
    answer = Client().get("/metrics", headers={"Authorization": "Bearer right"})
    assert answer.status_code == 200
    for name in ("waiting", "overdue_seconds", "dead"):
        assert f"paravent_outbox_{name} " in answer.content.decode()
