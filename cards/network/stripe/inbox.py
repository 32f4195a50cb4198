"""The inbox of Issuing's events: kept once, worked on later, found by asking where none came (W01 to W04).

Whatever an event says, the work is the same: fetch its object and bring ours to what it says now. So events may be
late, doubled, out of order, or missing.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from cards.network.models import IssuingEvent, IssuingNumber, IssuingWatch
from cards.network.stripe import made, told
from wallet.core import clock, figures, outbox
from wallet.core.errors import GatewayRefused
from wallet.core.models import OutboxEntry
from wallet.core.transactions import owns_transaction
from wallet.stripe.client import call
from wallet.stripe.signatures import StripeEvent

log = structlog.get_logger(__name__)

WORK: Final = "issuing.event"
#: What we want to hear of; docs/stripe.md lists the same, and `issuing_authorization.request` beside them.
EVENTS: Final = (
    "issuing_authorization.created", "issuing_authorization.updated", "issuing_transaction.created",
    "issuing_transaction.updated", "issuing_dispute.created", "issuing_dispute.updated", "issuing_dispute.submitted",
    "issuing_dispute.closed", "issuing_token.created", "issuing_token.updated", "issuing_card.updated",
)  # fmt: skip
#: How far back each question about events reaches (standard.md), and how far Stripe remembers.
OVERLAP, MEMORY = timedelta(hours=1), timedelta(days=30)
_LONGEST, _PAGE = 255, 100


@owns_transaction
def receive(event: StripeEvent) -> bool:
    """Keep an event and promise to look at what it is about; whether it is new."""
    kept, is_new = IssuingEvent.objects.get_or_create(
        event_id=event.id, defaults={"type": event.type[:_LONGEST], "object_ref": event.object_ref[:_LONGEST]}
    )
    if is_new:
        outbox.enqueue(topic=WORK, ref=str(kept.id))
    return is_new


def work(*, event_id: int, now: datetime) -> None:
    """Fetch what an event is about and bring ours to what it says (worker).

    Raises:
        GatewayUnavailable: the outbox tries again.
        Later: Stripe has not written down yet what it asked us.
    """
    kept = IssuingEvent.objects.get(id=event_id)
    ref = kept.object_ref
    try:
        match kept.type.partition(".")[0]:
            case "issuing_authorization":
                told.authorization(ref=ref)
            case "issuing_transaction":
                told.transaction(ref=ref)
            case "issuing_dispute":
                told.dispute(ref=ref)
            case "issuing_token":
                told.token(ref=ref, now=now)
            case "issuing_card":
                _card(ref, now)
            case _:
                return
    except GatewayRefused:
        log.info("cards.network.event_of_nothing", kept=kept.id)  # Stripe has no such object


def poll(*, now: datetime) -> int:
    """Ask Stripe for events that never came; returns how many there were (W03).

    Raises:
        GatewayUnavailable: the next poll asks from the same time on.
    """
    watch = IssuingWatch.objects.filter(name="stripe").first()
    since = max(watch.asked_until - OVERLAP, now - MEMORY) if watch else now - OVERLAP
    found = sum(receive(event) for event in _events_since(since))
    IssuingWatch.objects.update_or_create(name="stripe", defaults={"asked_until": now})
    return found


def _events_since(since: datetime) -> Iterator[StripeEvent]:
    after: dict[str, str] = {}
    while True:
        with call("issuing_events") as stripe:
            asked: Any = {"created": {"gte": int(since.timestamp())}, "types": list(EVENTS), "limit": _PAGE, **after}
            page = stripe.v1.events.list(params=asked)
        for one in page.data:
            yield StripeEvent(one.id, one.type, str(getattr(one.data.object, "id", "")), {})
        if not page.has_more or not page.data:
            return
        after = {"starting_after": page.data[-1].id}


def _card(ref: str, now: datetime) -> None:
    number_id = IssuingNumber.objects.filter(ref=ref).values_list("number_id", flat=True).first()
    if number_id is not None:
        made.align(number_id=number_id, now=now)


@figures.source("card_network")
def watched() -> list[tuple[str, str, int]]:
    """Name, meaning and value of what an operator watches."""
    day = clock.now() - timedelta(days=1)
    promised = OutboxEntry.objects.filter(topic__startswith="issuing.", done_at=None)
    return [
        ("waiting", "Work for the card network that is not done", promised.filter(dead_at=None).count()),
        ("dead", "Work for the card network laid aside for a person", promised.exclude(dead_at=None).count()),
        ("unmade", "Numbers that the network has not made yet", IssuingNumber.objects.filter(ref=None).count()),
        (
            "drifted",
            "Cards of the last day whose copy at the network was changed by others",
            IssuingNumber.objects.filter(drifted_at__gt=day).count(),
        ),
    ]
