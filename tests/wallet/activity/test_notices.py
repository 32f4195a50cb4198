"""The inbox: a holder's own notices, sealed facts, and what happens at the doors."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from wallet.activity import notices
from wallet.core import clock
from wallet.core.errors import NotFound
from wallet.core.ids import new_id
from wallet.core.money import Money
from wallet.users.events import KeyEvent, announce
from wallet.users.models import Holder
from wallet.users.people import create_holder

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(db: None):
    return create_holder(username=None, now=clock.now())


def tell(holder: str, kind: str = "payment_request", ref: str = "preq_x", **facts: Any):
    return notices.notify(holder_id=holder, kind=kind, ref=ref, facts=facts, now=clock.now())


def test_a_notice_is_a_sentence_with_its_facts():
    holder = new_id("holder")
    tell(holder, name="Bob", amount=Money(1250, "EUR"))
    (shown,) = notices.show(notices.list_notices(holder))
    assert shown.text == "Bob asks you for €12.50."
    assert (shown.url, shown.tone, shown.is_read) == ("/p/preq_x", "warn", False)


def test_a_percent_sign_in_a_fact_does_no_harm():
    holder = new_id("holder")
    tell(holder, name="100%(x)s %d", amount=Money(1, "EUR"))
    tell(holder, kind="payment_received")
    tell(holder, kind="from_the_future")
    texts = {shown.text for shown in notices.show(notices.list_notices(holder))}
    assert texts == {"100%(x)s %d asks you for €0.01.", "… paid you ….", "Something in your wallet has changed."}


def test_facts_stand_sealed_in_the_table():
    row = tell(new_id("holder"), name="Canary Friend")
    with connection.cursor() as cursor:
        cursor.execute("SELECT n::text, encode(facts, 'escape') FROM wallet_notice n WHERE id = %s", [row.id])
        assert "Canary" not in "".join(cursor.fetchone())


def test_only_its_holder_lays_a_notice_aside():
    """Break: leaving the holder out of mark_read's filter."""
    alice, eve = new_id("holder"), new_id("holder")
    row = tell(alice, name="Bob")
    with pytest.raises(NotFound):
        notices.mark_read(holder_id=eve, notice_id=row.id, now=clock.now())
    assert notices.count_unread(alice) == 1
    first = clock.now()
    notices.mark_read(holder_id=alice, notice_id=row.id, now=first)
    notices.mark_read(holder_id=alice, notice_id=row.id, now=first + timedelta(hours=1))
    row.refresh_from_db()
    assert row.read_at == first


@pytest.mark.parametrize("event", list(KeyEvent))
def test_what_happens_at_the_doors_is_told(event: KeyEvent):
    import wallet.activity.urls  # noqa: F401 - as the web process loads it

    holder = new_id("holder")
    announce(holder_id=holder, event=event, now=clock.now(), device="Firefox, Linux")
    (shown,) = notices.show(notices.list_notices(holder))
    assert shown.text != "Something in your wallet has changed."
    # Of a pause there is nothing to set.
    assert shown.url == ("" if event in {KeyEvent.WALLET_PAUSED, KeyEvent.WALLET_RESUMED} else "/settings")


def test_the_pages(client: Client, alice: Holder):
    assert client.get("/inbox").status_code == 302
    assert client.get("/inbox/count").json() == {"unread": 0}
    one, _ = tell(alice.id, name="Bob", amount=Money(1, "EUR")), tell(alice.id, name="Bob", amount=Money(2, "EUR"))
    theirs = tell(new_id("holder"), name="Eve")
    client.force_login(alice)
    assert client.get("/inbox/count").json() == {"unread": 2}
    assert "Bob asks you for" in client.get("/inbox").content.decode()
    assert client.post(f"/inbox/{theirs.id}/read").status_code == 404
    assert client.post(f"/inbox/{one.id}/read")["Location"] == "/inbox"
    assert client.get("/inbox/count").json() == {"unread": 1}
    client.post("/inbox/read")
    assert client.get("/inbox/count").json() == {"unread": 0}
    assert client.get("/inbox/read").status_code == 405
