"""Lines of activity: sealed names, reasons in words, a holder's own only."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils.translation import override

from wallet.activity import lines, words
from wallet.core import clock
from wallet.core.ids import is_id, new_id
from wallet.core.money import Money
from wallet.users.models import Holder
from wallet.users.people import create_holder

pytestmark = pytest.mark.django_db


def line(
    holder: str,
    *,
    kind: str = "card_payment",
    status: str = "settled",
    direction: str = "out",
    minor: int = 1250,
    **more: Any,
):
    return lines.record(
        holder_id=holder, kind=kind, direction=direction, amount=Money(minor, "EUR"), status=status,
        ref=more.pop("ref", "auth_x"), now=more.pop("now", clock.now()), **more,
    )  # fmt: skip


@pytest.fixture
def alice(db: None):
    return create_holder(username=None, now=clock.now())


def test_a_line_says_who_and_why_in_words():
    holder = new_id("holder")
    line(holder, status="declined", direction="none", merchant="Book Shop", reason="card_frozen")
    (shown,) = lines.show(lines.list_lines(holder))
    assert is_id(shown.id, "act")
    assert (shown.title, shown.merchant, shown.reason) == ("Card payment", "Book Shop", "The card is frozen")
    assert shown.next_step == "Unfreeze it, then try again."
    assert (shown.sign, shown.has_moved) == ("none", False)


def test_a_next_step_may_differ_from_the_reasons_own():
    holder = new_id("holder")
    line(holder, status="declined", reason="card_frozen", next_step="card_closed")
    (shown,) = lines.show(lines.list_lines(holder))
    assert (shown.reason, shown.next_step) == ("The card is frozen", "Use another card.")


def test_an_unknown_code_gets_the_general_sentence():
    holder = new_id("holder")
    line(holder, kind="moon_landing", status="declined", reason="tides")
    (shown,) = lines.show(lines.list_lines(holder))
    assert shown.title == "moon landing"
    assert shown.reason == "It was not allowed"


def test_names_stand_sealed_in_the_table():
    """Break: a TextField in place of EncryptedTextField."""
    row = line(new_id("holder"), merchant="Canary Shop", counterparty="Canary Friend")
    with connection.cursor() as cursor:
        cursor.execute("SELECT l::text, encode(merchant, 'escape') FROM wallet_line l WHERE id = %s", [row.id])
        assert "Canary" not in "".join(cursor.fetchone())


def test_a_thing_that_changes_restates_its_newest_line():
    holder, other = new_id("holder"), new_id("holder")
    line(holder, status="held")
    line(other, status="held")
    assert lines.restate(holder_id=holder, ref="auth_x", status="settled", amount=Money(1000, "EUR"))
    assert not lines.restate(holder_id=holder, ref="auth_y", status="settled")
    (shown,), (theirs,) = lines.show(lines.list_lines(holder)), lines.show(lines.list_lines(other))
    assert (shown.status, shown.amount) == ("settled", Money(1000, "EUR"))
    assert theirs.status == "held"


def test_the_api_lists_a_holders_own_lines_newest_first(client: Client, alice: Holder):
    """Break: leaving the filter by holder out of list_lines."""
    now = clock.now()
    line(new_id("holder"), ref="auth_other")
    for minutes in range(3):
        line(alice.id, ref=f"auth_{minutes}", now=now + timedelta(minutes=minutes))
    line(alice.id, ref="auth_no", status="declined", direction="none", reason="daily", now=now - timedelta(minutes=1))
    client.force_login(alice)
    first = client.get("/v1/transactions?limit=3").json()
    assert [one["ref"] for one in first["data"]] == ["auth_2", "auth_1", "auth_0"]
    assert first["data"][0]["amount"] == {"value": 1250, "currency": "EUR"}
    assert first["data"][0]["reason"] is None
    second = client.get("/v1/transactions", {"cursor": first["next_cursor"]}).json()
    assert second["next_cursor"] is None
    (declined,) = second["data"]
    assert declined["reason_code"] == "daily"
    assert declined["next_step"] == "Raise it, or wait until tomorrow."


def test_nobody_reads_without_signing_in(client: Client):
    answer = client.get("/v1/transactions")
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert client.get("/activity").status_code == 302


def test_the_page_shows_and_escapes(client: Client, alice: Holder):
    line(alice.id, merchant="<b>Shop</b>", status="declined", reason="card_frozen")
    line(alice.id, kind="top_up", direction="in", status="succeeded", minor=5000)
    client.force_login(alice)
    page = client.get("/activity").content.decode()
    assert "&lt;b&gt;Shop" in page
    assert "The card is frozen. Unfreeze it" in page
    assert "+€50.00" in page
    assert client.get("/activity?cursor=nonsense").status_code == 404


def test_every_reason_names_a_next_step():
    with override("en"):
        assert all(str(reason.text) and str(reason.next_step) for reason in words.REASONS.values())
