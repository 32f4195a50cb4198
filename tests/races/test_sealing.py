"""Many write, some late; two sealers and a kill -9: every exposure has one place, in the order of the transactions."""

import pytest
from django.db import connection

from privacy.exposure import verifying
from privacy.exposure.models import Exposure, Recipient
from tests.privacy.exposure.conftest import platform
from tests.races.processes import together
from wallet.core.ids import new_id

__all__ = ["platform"]

pytestmark = pytest.mark.django_db(transaction=True)

WRITERS, TIMES = 3, 25
TOTAL = WRITERS * TIMES * 2


def places(holders: list[str]) -> list[int]:
    """The places of these people's exposures, in the order of the transactions that wrote them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT leaf_index FROM privacy_exposure WHERE holder_id = ANY (%s) ORDER BY xid, seq", [holders]
        )
        return [row[0] for row in cursor.fetchall()]


def test_what_commits_late_is_passed_over_by_no_sealer(platform: Recipient) -> None:
    """Two sealers at once. Break: seal without `xid < pg_snapshot_xmin`, or without the sealer's lock."""
    holders = [new_id("holder") for _ in range(5)]
    found = together(
        "sealers", WRITERS + 2, sealers=2, platform=platform.id, holders=holders, times=TIMES, total=TOTAL
    )  # fmt: skip
    assert [one for one in found if one and "sealed" in one] == [{"sealed": TOTAL}] * 2
    order = places(holders)
    assert len(order) == TOTAL
    assert order == sorted(order), "a later transaction stands before an earlier one"
    assert verifying.verify().faults == []


def test_a_sealer_that_is_killed_leaves_whole_batches(platform: Recipient) -> None:
    """Break: write tiles and leaves in two transactions."""
    holders = [new_id("holder") for _ in range(5)]
    found = together(
        "sealers", WRITERS + 2, kill_first_after=1.5, sealers=2, platform=platform.id, holders=holders, times=TIMES,
        total=TOTAL,
    )  # fmt: skip
    assert {"sealed": TOTAL} in found
    assert not Exposure.objects.filter(holder_id__in=holders, leaf_index=None).exists()
    assert verifying.verify().faults == []
