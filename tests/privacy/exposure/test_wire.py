"""Wire = log = dashboard: what a tap outside the process saw, byte for byte (standard.md V03, V04)."""

from pathlib import Path

import pytest

from tests.privacy.exposure.traffic import traffic
from tests.support.web import Web

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_was_on_the_wire_is_what_the_log_and_the_dashboards_say(web: Web, tmp_path: Path) -> None:
    """Break: answer a replay without disclosing it; or let the dashboard's list lose a page."""
    with traffic(tmp_path / "taps", web.port) as running:
        running.run(200)
        found = running.compare()
    assert found.requests >= 200
    assert min(found.webhooks, found.nobodys, found.problems, found.disclosures) > 0
