"""The room's work: numbers that Stripe makes, its copies of cards, its events, and the poller."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from celery import shared_task
from django.conf import settings
from django.db.models import Q

from cards.network.models import IssuingNumber
from cards.network.stripe import inbox, made
from wallet.core import clock, outbox
from wallet.core.errors import GatewayBusy, GatewayRefused, GatewayUnavailable
from wallet.core.models import OutboxEntry

log = structlog.get_logger(__name__)

#: While other calls wait for Stripe, this one comes back.
_LATER_SECONDS = 2
#: How old a comparison may be, and how many are made in a run.
_COMPARED, _BATCH = timedelta(days=1), 100


@contextmanager
def _in_turn() -> Iterator[None]:
    """Too many calls at once is no failure."""
    try:
        yield
    except GatewayBusy:
        raise outbox.Later(_LATER_SECONDS) from None


@outbox.handles(made.MAKE)
def make_number(entry: OutboxEntry) -> None:
    """Have a number made."""
    with _in_turn():
        made.make(number_id=entry.ref, now=clock.now())


@outbox.handles(made.ALIGN)
def align_number(entry: OutboxEntry) -> None:
    """Bring Stripe's copy to what the number is now."""
    with _in_turn():
        made.align(number_id=entry.ref, now=clock.now())


@outbox.handles(inbox.WORK)
def event(entry: OutboxEntry) -> None:
    """Bring ours to what Stripe says of the object that an event is about."""
    with _in_turn():
        inbox.work(event_id=int(entry.ref), now=clock.now())


@shared_task(name="cards.network.poll_events")
def poll_events() -> int:
    """Ask for events that never came; returns how many there were."""
    if settings.CARD_NETWORK != "stripe":
        return 0
    try:
        return inbox.poll(now=clock.now())
    except GatewayUnavailable:
        return 0


@shared_task(name="cards.network.compare")
def compare() -> int:
    """Compare copies at Stripe that were not compared for a day; returns how many differed."""
    if settings.CARD_NETWORK != "stripe":
        return 0
    now = clock.now()
    is_due = Q(compared_at=None) | Q(compared_at__lt=now - _COMPARED)
    due = IssuingNumber.objects.filter(is_due).exclude(ref=None).order_by("compared_at")
    differed = 0
    for number_id in due.values_list("number_id", flat=True)[:_BATCH]:
        try:
            differed += made.align(number_id=number_id, now=now, is_drift=True)
        except GatewayUnavailable:
            break  # it does not answer: the next run asks again
        except GatewayRefused:
            log.error("cards.network.copy_missing", number=number_id)  # noqa: TRY400 - an id alone
    return differed
