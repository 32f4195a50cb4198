"""Ten thousand mixed requests: wire = log = dashboard; `WIRE_REQUESTS` says how many."""

import os
from pathlib import Path

import pytest

from tests.privacy.exposure.traffic import traffic
from tests.support.web import Web

pytestmark = pytest.mark.django_db(transaction=True)


def test_wire_log_and_dashboard_agree_at_length(web: Web, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    number = int(os.environ.get("WIRE_REQUESTS", "10000"))
    with traffic(tmp_path / "taps", web.port) as running, capsys.disabled():
        running.run(number, progress=lambda line: print(line, flush=True))
        print(running.compare(), flush=True)
