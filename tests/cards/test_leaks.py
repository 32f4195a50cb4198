"""A canary number: into the network, the pages, the commands and every failure; out of none but the reveal."""

import logging
from typing import Any

import pytest
from django.db import connection

from cards.authorizations import authorize, tasks
from cards.authorizations.snapshots import Reading
from tests.cards.acquirer import TestCard, issue, send
from tests.support.people import sign_up
from wallet.core.models import OutboxEntry

pytestmark = pytest.mark.django_db


def everything(card: TestCard) -> list[Any]:
    """Messages that go well and messages that do not."""
    asked = card.authorize(100)["authorization"]
    return [
        send("/authorizations", card.body(100, cvc=card.wrong_cvc)),
        send("/authorizations", card.body(100, expiry="2020-13")),
        send("/authorizations", {**card.body(100), "pan": card.pan + "x"}),
        send("/authorizations", {**card.body(100), card.pan: 1}),
        send("/authorizations", card.body(100, merchant=card.pan)),
        send("/authorizations", card.body(100, network_ref=["x"])),
        send("/captures", {"pan": card.pan, "amount": {"value": 1, "currency": "EUR"}}),
        send("/refunds", {"pan": card.pan, "authorization": asked}),
    ]


def test_the_number_appears_in_no_answer_no_log_line_and_no_table(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """standard.md C15. Break: log the body of a message that is refused."""
    caplog.set_level(logging.DEBUG)
    card = issue(5000)
    spoken = " ".join(answer.content.decode() for answer in everything(card))
    for entry in OutboxEntry.objects.filter(topic="cards.authorization"):
        tasks.tell_holder(entry)
    streams = capsys.readouterr()
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        tables = [row[0] for row in cursor.fetchall()]
        for table in tables:
            cursor.execute(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t")
            spoken += cursor.fetchone()[0]
    # The member that was named with the number itself is quoted back to the one who sent it.
    spoken = spoken.replace(f"Unknown member: {card.pan}", "")
    logged = caplog.text + streams.out + streams.err
    assert card.pan not in spoken + logged
    assert card.pan.encode().hex() not in spoken


def test_the_number_appears_in_no_page_of_its_owner() -> None:
    alice = sign_up()
    card = issue(1000, holder_id=alice.holder.id)
    card.authorize(100)
    pages = (
        "/cards",
        f"/cards/{card.card.id}",
        f"/cards/{card.card.id}/close",
        "/activity",
        "/inbox",
        "/",
        "/v1/cards",
    )
    shown = "".join(alice.client.get(page).content.decode() for page in pages)
    assert card.pan not in shown
    assert card.pan[:12] not in shown


def test_a_failure_in_the_middle_says_nothing_of_the_number(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """standard.md C14 and A04. Break: render the exception's message."""
    card = issue(1000)

    def fail(*_args: Any, **_more: Any) -> Reading:
        raise RuntimeError(card.pan)

    monkeypatch.setattr(authorize, "_read", fail)
    answer = send("/authorizations", card.body(100))
    assert answer.status_code == 500
    assert card.pan not in answer.content.decode() + caplog.text
    assert card.balance == (1000, 0)


@pytest.mark.django_db(transaction=True)
def test_when_the_log_cannot_be_written_nothing_is_said_and_nothing_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """standard.md V05. Break: answer before the disclosure is written."""
    card = issue(1000)
    prepare = authorize.answers.prepare

    def damaged(**options: Any) -> Any:
        made = prepare(**options)
        object.__setattr__(made, "facts", {**made.facts, "recipient": "rcp_nobody"})
        return made

    monkeypatch.setattr(authorize.answers, "prepare", damaged)
    answer = send("/authorizations", card.body(100))
    assert answer.status_code == 503
    assert card.balance == (1000, 0)


@pytest.mark.django_db(transaction=True)
def test_in_doubt_the_answer_is_no_and_no_hold_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """standard.md A04: a card that somebody else has locked. Break: wait longer than 300 ms."""
    import threading
    import time

    from django.db import connections, transaction

    from cards.issuing.cards import lock_card

    card = issue(1000)
    locked, done = threading.Event(), threading.Event()

    def hold_the_lock() -> None:
        try:
            with transaction.atomic():
                lock_card(card.card.id)
                locked.set()
                done.wait(5)
        finally:
            connections.close_all()

    thread = threading.Thread(target=hold_the_lock)
    thread.start()
    locked.wait(5)
    began = time.monotonic()
    answer = send("/authorizations", card.body(100)).json()
    took = time.monotonic() - began
    done.set()
    thread.join()
    assert (answer["approved"], answer["response_code"]) == (False, "91")
    assert took < 2
    assert card.balance == (1000, 0)
