"""The inbox of gateway events: verified, kept once, worked on later (W01 to W04).

Whatever an event says, the work is the same: find the payment that it is about and bring it to what the gateway says
now. So events may be late, doubled, out of order, or found by asking.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from payments.topups import top_ups, warnings
from payments.topups.gateway import Event, Subject, gateway
from payments.topups.models import EventVia, GatewayEvent, GatewayWatch, TopUp
from wallet.core import clock, figures, outbox
from wallet.core.actors import Actor
from wallet.core.errors import GatewayRefused
from wallet.core.models import OutboxEntry
from wallet.core.transactions import owns_transaction

WORK = "topups.event"
#: How far back each question about events reaches (standard.md), and how far the gateway remembers.
OVERLAP, MEMORY = timedelta(hours=1), timedelta(days=30)


@owns_transaction
def receive(*, name: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Keep an event and promise to look at what it is about; a repeated one changes nothing.

    Raises:
        payments.topups.gateway.SignatureInvalid: nothing is kept.
    """
    event = gateway(name).read_event(body=body, headers=headers)
    _keep(name, event, digest=hashlib.sha256(body).digest(), via=EventVia.WEBHOOK)


@owns_transaction
def _keep(name: str, event: Event, *, digest: bytes, via: EventVia) -> bool:
    kept, is_new = GatewayEvent.objects.get_or_create(
        gateway=name, event_id=event.id[:255],
        defaults={"type": event.type[:255], "object_ref": event.object_ref[:255], "digest": digest, "via": via},
    )  # fmt: skip
    if is_new:
        outbox.enqueue(topic=WORK, ref=str(kept.id))
    return is_new


def work(*, event_id: int, actor: Actor, now: datetime) -> None:
    """Find the payment of an event and bring it to what the gateway says now (worker).

    Raises:
        GatewayUnavailable: the outbox tries again.
    """
    kept = GatewayEvent.objects.get(id=event_id)
    port = gateway(kept.gateway)
    try:
        subject = port.subject_of(Event(kept.event_id, kept.type, kept.object_ref))
        top_up = None if subject is None else _top_up_of(kept.gateway, subject)
    except GatewayRefused:
        return  # the gateway has no such object
    # Not ours, or its session is still being recorded: whoever records it looks for itself.
    if subject is None or top_up is None:
        return
    top_ups.look(top_up_id=top_up.id, actor=actor, now=now)
    if subject.is_warning:
        warnings.apply(top_up_id=top_up.id, warning_ref=kept.object_ref, now=now)


def _top_up_of(name: str, subject: Subject) -> TopUp | None:
    of_gateway = TopUp.objects.filter(gateway=name).only("id")
    if subject.payment_ref and (found := of_gateway.filter(payment_ref=subject.payment_ref).first()):
        return found
    session_ref = subject.session_ref or gateway(name).find_session(subject.payment_ref)
    return of_gateway.filter(session_ref=session_ref).first() if session_ref else None


def poll(*, name: str, now: datetime) -> int:
    """Ask the gateway for events that never came; returns how many there were (W03).

    Raises:
        GatewayUnavailable: the next poll asks from the same time on.
    """
    watch = GatewayWatch.objects.filter(gateway=name).first()
    since = max(watch.asked_until - OVERLAP, now - MEMORY) if watch else now - OVERLAP
    found = 0
    for event in gateway(name).events_since(since):
        found += _keep(name, event, digest=b"", via=EventVia.POLL)
    GatewayWatch.objects.update_or_create(gateway=name, defaults={"asked_until": now})
    return found


@figures.source("gateway_events")
def watched() -> list[tuple[str, str, int]]:
    """Name, meaning and value of what an operator watches."""
    now = clock.now()
    promised = OutboxEntry.objects.filter(topic=WORK, done_at=None)
    found = GatewayEvent.objects.filter(via=EventVia.POLL, received_at__gt=now - timedelta(hours=1))
    silent = GatewayWatch.objects.order_by("asked_until").values_list("asked_until", flat=True).first()
    return [
        ("waiting", "Events of the gateway that are not worked on", promised.filter(dead_at=None).count()),
        ("dead", "Events of the gateway laid aside for a person", promised.exclude(dead_at=None).count()),
        ("undelivered", "Events of the last hour that no webhook brought: deliveries fail", found.count()),
        (
            "silent_seconds",
            "Since the gateway was last asked for events",
            int((now - silent).total_seconds()) if silent else 0,
        ),
    ]
