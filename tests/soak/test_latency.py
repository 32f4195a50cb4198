"""standard.md A03: 50 authorizations a second for ten minutes, or for as long as the time allows, over HTTP."""

import json
import time
from pathlib import Path

import pytest

from tests.bench import http_load
from tests.cards.acquirer import PATH, issue
from tests.support.web import serve
from wallet.ledger.verify import verify

pytestmark = pytest.mark.django_db(transaction=True)

RATE, MINUTES, CARDS = 50, 10, 200


def test_fifty_a_second_are_answered_in_time(deadline: float, tmp_path: Path) -> None:
    """Break: `time.sleep(0.4)` in `_place`."""
    requests = [
        http_load.post(
            f"{PATH}/authorizations", json.dumps(issue(10_000_000).body(1, network_ref="REFERENCE_NUMBER")).encode(),
            token="soak",
        )
        for _ in range(CARDS)
    ]  # fmt: skip
    seconds = min(max(deadline - time.monotonic(), 5), 60 * MINUTES)
    with serve(tmp_path, {"WEB_WORKERS": "2", "SANDBOX_NETWORK_KEY": "soak", "LOG_LEVEL": "ERROR"}) as web:
        http_load.run(web.port, requests, expect=b'"approved":', seconds=2, rate=RATE)
        load = http_load.run(web.port, requests, expect=b'"approved":', seconds=seconds, rate=RATE)
    print(
        f"\n{load.done} in {seconds:.0f} s, p99 {1000 * load.percentile(0.99):.0f} ms, max {max(load.latencies):.2f} s"
    )
    assert load.done > 0.98 * RATE * seconds
    assert load.percentile(0.99) <= 0.3
    assert max(load.latencies) <= 2
    assert verify().is_green
