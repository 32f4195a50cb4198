"""A worker at a large table: taps for its part of the guests while another one lets the splits run out."""

import time
from typing import Any

from django.test import Client

from payments.requests.models import Split
from payments.requests.outcomes import expire_splits

_PAUSE_SECONDS = 0.01


def work(*, number: int, splits: list[str], taps: list[list[dict[str, str]]], at: float) -> dict[str, Any]:
    client = Client(SERVER_NAME="localhost")
    client.get("/readyz")
    time.sleep(max(0.0, at - time.time()))
    if number == 0:
        expired = 0
        while Split.objects.filter(pk__in=splits, status="open").exists():
            expired += expire_splits(limit=10_000)
            # A sweep a moment: without a pause it takes a core from those who tap.
            time.sleep(_PAUSE_SECONDS)
        return {"expired": expired}
    statuses: dict[str, int] = {}
    for tap in taps[number - 1]:
        answer = client.post(
            f"/v1/payment-requests/{tap['request']}/pay", "{}", content_type="application/json",
            headers={"authorization": tap["authorization"], "idempotency-key": tap["request"]},
        )  # fmt: skip
        statuses[str(answer.status_code)] = statuses.get(str(answer.status_code), 0) + 1
    return statuses
