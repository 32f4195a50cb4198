"""Work that was promised is done at least once, and never by two at the same time."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import transaction

from wallet.core import clock, outbox
from wallet.core.models import OutboxEntry
from wallet.core.transactions import TransactionMissing

TOPIC = "tests.work"


@pytest.fixture
def done() -> Iterator[list[str]]:
    """Refs that the handler has seen; a ref that starts with `fail` fails, `later` waits."""
    seen: list[str] = []

    def handler(entry: OutboxEntry) -> None:
        seen.append(entry.ref)
        if entry.ref.startswith("fail"):
            raise ValueError("a secret that must not be kept")
        if entry.ref.startswith("later"):
            raise outbox.Later(60)

    outbox._HANDLERS[TOPIC] = handler
    yield seen
    del outbox._HANDLERS[TOPIC]


def promise(ref: str) -> OutboxEntry:
    with transaction.atomic():
        return outbox.enqueue(topic=TOPIC, ref=ref)


@pytest.mark.django_db(transaction=True)
def test_a_promise_outside_a_transaction_is_a_defect() -> None:
    with pytest.raises(TransactionMissing):
        outbox.enqueue(topic=TOPIC, ref="x")


@pytest.mark.django_db(transaction=True)
def test_work_is_done_once_however_often_it_is_woken(done: list[str]) -> None:
    """Break: do not look at `done_at` in `work`."""
    entry = promise("once")
    for _ in range(3):
        outbox.work(entry.id)
    assert done == ["once"]


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_promise_is_no_promise(done: list[str]) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        entry = outbox.enqueue(topic=TOPIC, ref="undone")
        raise ZeroDivisionError
    outbox.work(entry.id)
    assert done == []


@pytest.mark.django_db(transaction=True)
def test_a_failure_keeps_its_name_and_not_its_message_and_is_tried_again(done: list[str]) -> None:
    entry = promise("fail")
    outbox.work(entry.id)
    entry.refresh_from_db()
    assert entry.last_error == "ValueError"
    assert entry.done_at is None
    assert entry.due_at > clock.now()
    OutboxEntry.objects.filter(id=entry.id).update(due_at=clock.now() - timedelta(seconds=1))
    outbox.work(entry.id)
    assert done == ["fail", "fail"]


@pytest.mark.django_db(transaction=True)
def test_after_too_many_failures_it_is_laid_aside_for_a_person(done: list[str]) -> None:
    entry = promise("fail-forever")
    OutboxEntry.objects.filter(id=entry.id).update(attempts=outbox.MAX_ATTEMPTS - 1)
    outbox.work(entry.id)
    entry.refresh_from_db()
    assert entry.dead_at is not None


@pytest.mark.django_db(transaction=True)
def test_waiting_is_no_failure(done: list[str]) -> None:
    entry = promise("later")
    outbox.work(entry.id)
    entry.refresh_from_db()
    assert (entry.attempts, entry.last_error, entry.done_at) == (0, "", None)
    assert entry.due_at > clock.now() + timedelta(seconds=50)


@pytest.mark.django_db(transaction=True)
def test_the_sweeper_finds_what_nobody_was_woken_for(done: list[str]) -> None:
    promise("swept")
    assert outbox.sweep() >= 1
