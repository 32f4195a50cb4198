"""Deliveries: from a promise in the outbox to an answer, or to the dead letter."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from payments.platforms import links
from payments.platforms.models import Link, LinkStatus
from payments.webhooks.catalogue import EventType
from payments.webhooks.endpoints import keys_of
from payments.webhooks.models import Delivery, DeliveryStatus, Endpoint, EndpointStatus, Event
from payments.webhooks.schemas import MOST_CANCELED, WebhookBody, webhook_of
from payments.webhooks.sending import Result, send
from payments.webhooks.signing import sign
from privacy.exposure import gate, recipients
from privacy.exposure.gate import ConsentMissing, Grant
from privacy.exposure.recipients import RecipientKind
from privacy.fields import Basis, Channel, Purpose
from wallet.core import clock, outbox
from wallet.core.models import OutboxEntry
from wallet.core.transactions import needs_transaction, owns_transaction

log = structlog.get_logger(__name__)

TOPIC = "webhooks.deliver"
#: Seconds before each attempt (contract.md); ten attempts over some 76 hours.
WAITS = (0, 5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
_JITTER = 0.2


@dataclass(frozen=True, slots=True)
class _Message:
    """One attempt, written down and signed, ready to leave."""

    url: str
    grant: Grant
    headers: dict[str, str]


@owns_transaction
def take_in(entry: OutboxEntry) -> None:
    """Make the event that a room has promised, and a delivery for each endpoint that wants it."""
    payload = entry.payload
    event, is_new = Event.objects.get_or_create(
        entry_id=entry.id,
        defaults={
            "platform_id": payload["platform"],
            "type": payload["type"],
            "object_id": entry.ref,
            "payee_link": payload.get("payee", ""),
            "payer_link": payload.get("payer", ""),
            "canceled": _canceled(payload) if payload["type"] == EventType.LINK_REVOKED else None,
            "at": entry.created_at,
        },
    )
    if not is_new or not _may_be_told(event):
        return
    for endpoint in Endpoint.objects.filter(platform_id=event.platform_id, status=EndpointStatus.ENABLED):
        if event.type in endpoint.events:
            delivery = Delivery.objects.create(event=event, endpoint=endpoint)
            outbox.enqueue(topic=TOPIC, ref=delivery.id, payload={"attempt": 0})


def _canceled(payload: dict[str, str]) -> list[str]:
    return payload.get("canceled", "").split()[:MOST_CANCELED]


def attempt(*, delivery_id: str, number: int) -> None:
    """One attempt: write it down, send it, record what came. Safe to run twice: what was counted is not sent again."""
    with transaction.atomic():
        message = _prepare(delivery_id, number, now=clock.now())
    if message is None:
        return
    result = send(url=message.url, grant=message.grant, headers=message.headers)
    _record(delivery_id=delivery_id, number=number, result=result)


@needs_transaction
def _prepare(delivery_id: str, number: int, *, now: datetime) -> _Message | None:
    """The disclosure and the signed bytes; None where nothing is to be sent (any more)."""
    delivery = _waiting(delivery_id, number)
    if delivery is None:
        return None
    endpoint, event = delivery.endpoint, delivery.event
    if endpoint is None or endpoint.status != EndpointStatus.ENABLED or not _may_be_told(event):
        _end(delivery, DeliveryStatus.DROPPED, now)
        return None
    is_last_word = event.type == EventType.LINK_REVOKED
    try:
        with transaction.atomic():
            grant = gate.disclose(
                recipient=recipients.get(RecipientKind.PLATFORM, event.platform_id), schema=WebhookBody,
                body=webhook_of(event), subjects=people_of(event), purpose=Purpose.PAYMENT,
                basis=Basis.CONTRACT if is_last_word else Basis.CONSENT, channel=Channel.WEBHOOK, now=now,
            )  # fmt: skip
    except ConsentMissing:
        _end(delivery, DeliveryStatus.DROPPED, now)
        return None
    return _Message(
        url=endpoint.url,
        grant=grant,
        headers=sign(keys=keys_of(endpoint, now), message_id=event.id, at=now, body=grant.body),
    )


def _waiting(delivery_id: str, number: int) -> Delivery | None:
    rows = Delivery.objects.select_related("event", "endpoint").select_for_update(of=("self",))
    return rows.filter(pk=delivery_id, status=DeliveryStatus.PENDING, attempts=number).first()


@owns_transaction
def _record(*, delivery_id: str, number: int, result: Result) -> None:
    """What came of it: done, gone, dead, or the next attempt."""
    now = clock.now()
    delivery = _waiting(delivery_id, number)
    if delivery is None:
        return
    delivery.attempts = number + 1
    delivery.last_status, delivery.last_error = result.status, result.failure or ""
    log.info(
        "payments.webhook.attempted", delivery=delivery.id, attempt=number, status=result.status, failure=result.failure
    )
    if result.is_success:
        _end(delivery, DeliveryStatus.DELIVERED, now)
        return
    if result.is_gone:
        Endpoint.objects.filter(pk=delivery.endpoint_id).update(status=EndpointStatus.DISABLED)
    if result.is_gone or delivery.attempts >= len(WAITS):
        _end(delivery, DeliveryStatus.DEAD, now)
        return
    delivery.save()
    wait = timedelta(seconds=jittered(WAITS[delivery.attempts]))
    outbox.enqueue(topic=TOPIC, ref=delivery.id, payload={"attempt": delivery.attempts}, due_at=now + wait)


def jittered(seconds: float) -> float:
    """Give or take a fifth: retries of many deliveries do not come together."""
    return seconds * secrets.SystemRandom().uniform(1 - _JITTER, 1 + _JITTER)


def _end(delivery: Delivery, status: DeliveryStatus, now: datetime) -> None:
    delivery.status, delivery.ended_at = status, now
    delivery.save()


def _may_be_told(event: Event) -> bool:
    """Nothing about a link that has ended, but that it has (settled.md 12)."""
    if event.type == EventType.LINK_REVOKED:
        return True
    named = [link for link in (event.payee_link, event.payer_link) if link]
    return Link.objects.filter(pk__in=named, status=LinkStatus.ACTIVE).count() == len(set(named))


def people_of(event: Event) -> dict[str, str | None]:
    """Whose data the event is: the people behind the handles that the platform itself knows in it."""
    holders = dict(Link.objects.filter(pk__in=[event.payee_link, event.payer_link]).values_list("pk", "holder_id"))
    return {"payee": holders.get(event.payee_link), "payer": holders.get(event.payer_link)}


@links.on_end
def drop_with_link(link: Link, now: datetime) -> list[str]:
    """A link that ends takes along what still waits to be told about it."""
    for column in ("payee_link", "payer_link"):
        Delivery.objects.filter(**{f"event__{column}": link.id}, status=DeliveryStatus.PENDING).update(
            status=DeliveryStatus.DROPPED, ended_at=now
        )
    return []
