"""Splits: whatever races, all pay or nobody does, and the ledger is in balance afterwards (chat.md, settled.md 22)."""

import json
import random
import secrets
from datetime import timedelta
from typing import Any

import pytest

from payments.platforms.models import Mandate
from payments.requests.models import PaymentRequest, Split
from payments.requests.outcomes import expire_splits
from tests.payments import cast
from tests.payments.requests.test_requests_api import eur
from tests.payments.requests.test_splits import Table
from tests.races.processes import WARM_UP_SECONDS, soon, together
from tests.races.tables import Dinner, books_are_green
from wallet.core import clock
from wallet.core.models import StateChange
from wallet.ledger.models import Hold, Transfer
from wallet.ledger.verify import verify

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def table() -> Table:
    return Table()


def race(*acts: dict[str, Any]) -> list[dict[str, Any] | None]:
    return together("tapper", len(acts), acts=list(acts), at=soon())


def call(path: str, token: str) -> dict[str, Any]:
    return {"do": "post", "path": path, "authorization": f"Bearer {token}", "key": secrets.token_hex(6)}


def tap(made: dict[str, Any], number: int, who: cast.Linked) -> dict[str, Any]:
    return call(f"/v1/payment-requests/{made['shares'][number]['payment_request']}/pay", who.token)


def decline(who: cast.Linked, request_id: str) -> dict[str, Any]:
    return {"do": "decline", "holder": who.holder.id, "request": request_id}


def refund(made: dict[str, Any], who: cast.Linked) -> dict[str, Any]:
    """Three quarters of it: two of them are more than was paid."""
    body = json.dumps({"payment_request": made["id"], "amount": eur(1500)})
    return {**call("/v1/refunds", who.token), "body": body}


def runs_out(made: dict[str, Any]) -> dict[str, Any]:
    """Let it run out at the moment of the race."""
    at = clock.now() + timedelta(seconds=WARM_UP_SECONDS)
    Split.objects.filter(pk=made["id"]).update(expires_at=at)
    PaymentRequest.objects.filter(split_id=made["id"]).update(expires_at=at)
    return {"do": "expire"}


def end_of(made: dict[str, Any]) -> str:
    """How a split ended; fails unless it is the same for everybody."""
    split = Split.objects.get(pk=made["id"])
    states = set(split.requests.values_list("status", flat=True))
    holds = list(split.requests.exclude(hold=None).values_list("hold", flat=True))
    assert not Hold.objects.filter(id__in=holds, remaining__gt=0).exists()
    settled = Transfer.objects.filter(hold_id__in=holds, op="settle").count()
    if split.status == "completed":
        assert (states, settled) == ({"paid"}, 2)
    else:
        assert split.status in {"canceled", "expired"}
        assert states <= {"canceled", "expired", "declined"}
        assert settled == 0
    assert StateChange.objects.filter(machine="payments.split", subject=split.id).count() == 1
    return split.status


def test_the_last_share_races_everything_that_breaks_a_split_off(table: Table) -> None:
    """Five splits, two requests and two refunds at one moment. Break: read the request without its lock."""
    _card, dora = table.guest()
    leaving = [{"payer": one.link.id} for one in (table.alice, dora)]
    Mandate.objects.filter(link=table.bob.link).update(refunds=True)
    paid = table.asked()
    assert table.pay(paid["id"]).json()["status"] == "paid"
    before = table.main(table.bob)
    canceled, ran_out, declined, both = (table.made(all_or_nothing=True) for _ in range(4))
    left, alone, other = table.made(3000, leaving, all_or_nothing=True), table.asked(), table.asked()
    for made in (canceled, ran_out, declined, left):
        assert table.tap(made, 0, table.alice).json()["status"] == "held"
    paths = [f"/v1/payment-requests/{one['id']}" for one in (alone, other)]
    race(
        tap(canceled, 1, table.carol), call(f"/v1/splits/{canceled['id']}/cancel", table.chat.token),
        tap(declined, 1, table.carol), decline(table.carol, declined["shares"][1]["payment_request"]),
        tap(left, 1, dora), {"do": "end", "holder": dora.holder.id, "link": dora.link.id},
        tap(both, 0, table.alice), tap(both, 1, table.carol),
        call(f"{paths[0]}/pay", table.alice.token), decline(table.alice, alone["id"]),
        call(f"{paths[1]}/pay", table.alice.token), call(f"{paths[1]}/cancel", table.chat.token),
        refund(paid, table.bob), refund(paid, table.bob),
        tap(ran_out, 1, table.carol), runs_out(ran_out),
    )  # fmt: skip
    expire_splits(limit=10_000)
    assert end_of(both) == "completed", "two last ones at once: nobody may miss the other"
    completed = [made for made in (canceled, ran_out, declined, left, both) if end_of(made) == "completed"]
    ends = [PaymentRequest.objects.get(pk=one["id"]).status for one in (alone, other)]
    assert (ends[0] in {"paid", "declined"}, ends[1] in {"paid", "canceled"}) == (True, True)
    assert table.main(table.bob) - before == 3000 * len(completed) + 2000 * ends.count("paid") - 1500
    assert PaymentRequest.objects.get(pk=paid["id"]).refunded_minor == 1500
    assert StateChange.objects.filter(subject__in=[alone["id"], other["id"]]).count() == 2
    assert verify().is_green


def test_a_small_table_settles_for_all_or_releases_for_all_while_its_time_runs_out() -> None:
    """The short form of tests/soak/test_splits.py.

    Break: leave the split's lock out of `lock_request` and the rows' out of `lock_shares`; either alone still holds.
    """
    dinner = Dinner(6)
    dinner.race(2, random.Random(7), 0.15)  # noqa: S311 - chances, no secret
    assert books_are_green()
