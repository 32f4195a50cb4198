"""What a page counts is what the log holds, sealed or not, and no page walks through all of it."""

import random
import re
from collections import Counter
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from privacy.crypto.keyring import keyring
from privacy.exposure import log, recipients, verifying
from privacy.exposure.models import Exposure, Recipient, RecipientKind
from tests.privacy.exposure.test_log import send
from tests.support.sealing import seal_everything
from wallet.core.ids import new_id
from wallet.users.models import Holder

pytestmark = pytest.mark.django_db(transaction=True)


def told() -> Recipient:
    return recipients.register(kind=RecipientKind.PLATFORM, ref=new_id("plat"), name="Chatter")


def walked(holder_id: str, *, recipient: str = "", field: str = "", limit: int = 3) -> list[str]:
    """All pages of a list, as a browser turns them."""
    found: list[str] = []
    before = None
    while page := log.list_keys(
        holder_id=holder_id, most=limit, before=before, recipient_id=recipient, field_class=field
    ):
        found += [row.pk for row in page]
        before = (page[-1].at.isoformat(), page[-1].pk)
    return found


def counted(holder_id: str) -> Counter[tuple[str, str]]:
    rows = Exposure.objects.filter(holder_id=holder_id).values_list("recipient_id", "fields")
    return Counter((recipient, name) for recipient, names in rows for name in names)


def test_the_counts_are_those_of_the_log_sealed_or_not() -> None:
    """Breaks: leave `exposure_tally` out of the sealing; or the waiting ones out of `tally`; or count both twice."""
    chance = random.Random(7)  # noqa: S311 - chances, no secret
    alice, parties = new_id("holder"), [told() for _ in range(3)]
    for number in range(24):
        note = chance.choice([None, "pizza"])
        send(chance.choice(parties), {"payee": alice, "payer": None}, payer=None, note=note)
        if number % 7 == 6:
            seal_everything()
    shown = log.tally(alice)
    assert Counter({(one.recipient_id, one.field): one.count for one in shown.by_class}) == counted(alice)
    assert sum(count for count, _at in shown.times.values()) == 24
    newest = Exposure.objects.filter(holder_id=alice).latest("at").at
    assert max(at for _count, at in shown.times.values()) == newest
    everything = [row.pk for row in log.list_exposures(holder_id=alice)]
    assert walked(alice) == everything
    for party in parties:
        mine = [row.pk for row in log.list_exposures(holder_id=alice) if row.recipient_id == party.id]
        assert walked(alice, recipient=party.id) == mine
    noted = [row.pk for row in log.list_exposures(holder_id=alice) if "payment.note" in row.fields]
    assert walked(alice, field="payment.note") == noted
    both = [one for one in noted if one in walked(alice, recipient=parties[0].id)]
    assert walked(alice, recipient=parties[0].id, field="payment.note") == both
    assert verifying.verify().faults == []


def test_what_can_never_be_sealed_is_counted_all_the_same() -> None:
    """Break: leave the tally out of `exposure_lay_aside`."""
    bob, party = new_id("holder"), told()
    send(party, {"payee": bob, "payer": None}, payer=None)
    keyring.destroy(holder_id=bob, keys="life")
    seal_everything()
    assert log.tally(bob).times[party.id][0] == 1
    assert len(walked(bob, recipient=party.id)) == 1
    assert verifying.verify().faults == []


def test_a_wrong_sum_is_named() -> None:
    """Break: leave `_tally_faults` out of the check."""
    from tests.privacy.exposure.test_sealing import as_owner

    alice, party = new_id("holder"), told()
    send(party, {"payee": alice, "payer": None}, payer=None)
    seal_everything()
    as_owner("UPDATE privacy_tally SET count = count + 1 WHERE holder_id = %s", alice)
    assert [one["fault"] for one in verifying.verify().faults] == ["is not the sum of its exposures"]
    as_owner("UPDATE privacy_tally SET count = count - 1 WHERE holder_id = %s", alice)
    assert verifying.verify().faults == []


def test_no_page_reads_more_rows_for_more_exposures() -> None:
    """Under 200 ms at 100,000 is measured by the bench; here, that what is read does not grow. Break: count anew.

    The picture of twelve weeks (`date_trunc`) counts them in an index, which the bench measures.
    """
    alice, party, rare = Holder.objects.create(), told(), told()
    browser = Client()
    browser.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    send(rare, {"payee": alice.pk, "payer": None}, payer=None)
    read = []
    for many in (20, 60):
        for _ in range(many):
            send(party, {"payee": alice.pk, "payer": None}, payer=None)
        seal_everything()
        read.append({path: _rows(browser, path) for path in ("/privacy", f"/privacy/exposures?recipient={rare.id}")})
    assert read[0] == read[1]


def _rows(browser: Client, path: str) -> int:
    """Rows of exposures and tallies that the statements of a page bring out of their tables."""
    with CaptureQueriesContext(connection) as asked:
        assert browser.get(path).status_code == 200
    statements = [
        one["sql"] for one in asked
        if re.search("privacy_(tally|exposure)", one["sql"]) and "date_trunc" not in one["sql"]
    ]  # fmt: skip
    assert statements
    return sum(_brought(statement) for statement in statements)


def _brought(statement: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        try:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
            plan = cursor.fetchone()[0][0]["Plan"]
        finally:
            cursor.execute("RESET enable_seqscan")
    return _scanned(plan)


def _scanned(plan: dict[str, Any]) -> int:
    here = plan["Actual Rows"] * plan["Actual Loops"] if plan.get("Relation Name", "").startswith("privacy_") else 0
    return int(here) + sum(_scanned(one) for one in plan.get("Plans", ()))
