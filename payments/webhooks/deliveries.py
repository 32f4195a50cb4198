"""Deliveries: from a promise in the outbox to an answer, or to the dead letter."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction
from django.db.models import QuerySet

from payments.platforms import links
from payments.platforms.models import Link, LinkStatus, Platform
from payments.webhooks import alarms
from payments.webhooks.alarms import Trouble
from payments.webhooks.catalogue import EventType
from payments.webhooks.endpoints import get_endpoint, keys_of
from payments.webhooks.models import Delivery, DeliveryStatus, Endpoint, EndpointStatus, Event
from payments.webhooks.schemas import MOST_CANCELED, WebhookBody, webhook_of
from payments.webhooks.sending import DEADLINE, Result, send
from payments.webhooks.signing import sign
from privacy.exposure import gate, recipients
from privacy.exposure.gate import ConsentMissing, Grant
from privacy.exposure.recipients import RecipientKind
from privacy.fields import Basis, Channel, Purpose
from wallet.core import clock, outbox
from wallet.core.errors import Kind, NotFound, WalletError
from wallet.core.ids import new_id
from wallet.core.models import OutboxEntry
from wallet.core.transactions import needs_transaction, owns_transaction

log = structlog.get_logger(__name__)

TOPIC = "webhooks.deliver"
#: Seconds before each attempt (contract.md); ten attempts over some 76 hours.
WAITS = (0, 5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
_JITTER = 0.2
#: Calls of one platform at the same time, and of one whose endpoint does not answer well: others get their turn (W08).
AT_ONCE, AT_ONCE_FAILING = 8, 2
#: Longer than any call, shorter than the patience for one whose process has died.
_LEASE = timedelta(seconds=DEADLINE + 10)
_LONGEST_TURN = 300


class ReplayRefused(WalletError):
    """Only a delivery that has ended, to an endpoint that is enabled, about a link that lives, can be replayed."""

    kind = Kind.CONFLICT
    slug = "delivery-not-replayable"
    title = "This delivery cannot be replayed"


class EndpointDisabled(WalletError):
    """The endpoint has answered 410 and gets nothing more: register it anew."""

    kind = Kind.CONFLICT
    slug = "webhook-endpoint-disabled"
    title = "The endpoint is disabled"


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


@owns_transaction
def send_test(*, platform: Platform, endpoint_id: str, now: datetime) -> Delivery:
    """An event about nobody, to this endpoint alone, whatever it subscribes to.

    Raises:
        NotFound: unknown or another platform's.
        EndpointDisabled: it has answered 410.
    """
    endpoint = get_endpoint(platform=platform, endpoint_id=endpoint_id)
    if endpoint.status != EndpointStatus.ENABLED:
        raise EndpointDisabled
    delivery_id = new_id("del")
    entry = outbox.enqueue(topic=TOPIC, ref=delivery_id, payload={"attempt": 0})
    event = Event.objects.create(
        entry_id=entry.id, platform=platform, type=EventType.TEST, object_id=endpoint.id, at=now
    )
    return Delivery.objects.create(id=delivery_id, event=event, endpoint=endpoint, created_at=now)


def list_deliveries(endpoint: Endpoint) -> QuerySet[Delivery]:
    """What was sent to an endpoint, or will be; not what was dropped unsent: that would tell of a link that ended."""
    return Delivery.objects.filter(endpoint=endpoint).exclude(status=DeliveryStatus.DROPPED, attempts=0)


@owns_transaction
def replay(*, platform: Platform, delivery_id: str) -> Delivery:
    """Send it once more, with the same id, from the top of the table.

    Raises:
        NotFound: unknown or another platform's.
        ReplayRefused: it is still on its way, or may not be told any more.
    """
    mine = Delivery.objects.select_related("event", "endpoint").filter(event__platform=platform)
    delivery = mine.select_for_update(of=("self",)).filter(pk=delivery_id).first()
    if delivery is None or (delivery.status == DeliveryStatus.DROPPED and not delivery.attempts):
        raise NotFound
    endpoint = delivery.endpoint
    is_over = delivery.status in {DeliveryStatus.DEAD, DeliveryStatus.DELIVERED}
    if not is_over or endpoint is None or endpoint.status != EndpointStatus.ENABLED or not _may_be_told(delivery.event):
        raise ReplayRefused
    delivery.status, delivery.ended_at = DeliveryStatus.PENDING, None
    delivery.attempts_before = delivery.attempts
    delivery.save()
    outbox.enqueue(topic=TOPIC, ref=delivery.id, payload={"attempt": delivery.attempts})
    return delivery


def attempt(*, delivery_id: str, number: int) -> None:
    """One attempt: write it down, send it, record what came. Safe to run twice: what was counted is not sent again.

    Raises:
        outbox.Later: it is not this delivery's turn yet.
    """
    with transaction.atomic():
        message = _prepare(delivery_id, number, now=clock.now())
    if message is None:
        return
    # Nobody waits for a connection that waits for somebody else's server.
    connection.close()
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
    _await_turn(delivery, endpoint, now)
    is_without_consent = event.type in {EventType.LINK_REVOKED, EventType.TEST}
    try:
        with transaction.atomic():
            grant = gate.disclose(
                recipient=recipients.get(RecipientKind.PLATFORM, event.platform_id), schema=WebhookBody,
                body=webhook_of(event), subjects=people_of(event), purpose=Purpose.PAYMENT,
                basis=Basis.CONTRACT if is_without_consent else Basis.CONSENT, channel=Channel.WEBHOOK, now=now,
            )  # fmt: skip
    except ConsentMissing:
        _end(delivery, DeliveryStatus.DROPPED, now)
        return None
    delivery.calling_until = now + _LEASE
    delivery.save(update_fields=["calling_until"])
    return _Message(
        url=endpoint.url,
        grant=grant,
        headers=sign(keys=keys_of(endpoint, now), message_id=event.id, at=now, body=grant.body),
    )


@needs_transaction
def _await_turn(delivery: Delivery, endpoint: Endpoint, now: datetime) -> None:
    """Nothing, if this delivery may be sent now.

    Raises:
        outbox.Later: somebody is sending it, the endpoint wants to rest, or too many calls of its platform are open.
    """
    for until in (delivery.calling_until, endpoint.resting_until):
        if until is not None and until > now:
            raise outbox.Later(jittered((until - now).total_seconds() + 1))
    # One at a time decides, or all would see the same free place.
    Platform.objects.select_for_update(no_key=True).get(pk=endpoint.platform_id)
    calling = Delivery.objects.filter(endpoint__platform_id=endpoint.platform_id, calling_until__gt=now).count()
    if endpoint.failing_since is None and calling >= AT_ONCE:
        raise outbox.Later(jittered(1))
    if endpoint.failing_since is not None and calling >= AT_ONCE_FAILING:
        waiting = Delivery.objects.filter(endpoint=endpoint, status=DeliveryStatus.PENDING).count()
        raise outbox.Later(jittered(min(2 + waiting, _LONGEST_TURN)))


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
    delivery.attempts, delivery.calling_until = number + 1, None
    delivery.last_status, delivery.last_error = result.status, result.failure or ""
    log.info(
        "payments.webhook.attempted", delivery=delivery.id, attempt=number, status=result.status, failure=result.failure
    )
    _note_health(delivery, result, now)
    if result.is_success:
        _end(delivery, DeliveryStatus.DELIVERED, now)
        return
    made = delivery.attempts - delivery.attempts_before
    if result.is_gone or made >= len(WAITS):
        _end(delivery, DeliveryStatus.DEAD, now)
        trouble = Trouble.DISABLED if result.is_gone else Trouble.GIVEN_UP
        alarms.tell(platform_id=delivery.event.platform_id, trouble=trouble, now=now)
        return
    delivery.save()
    wait = timedelta(seconds=max(jittered(WAITS[made]), result.retry_after))
    outbox.enqueue(topic=TOPIC, ref=delivery.id, payload={"attempt": delivery.attempts}, due_at=now + wait)


def _note_health(delivery: Delivery, result: Result, now: datetime) -> None:
    """What the answer says about the endpoint itself."""
    endpoint = Endpoint.objects.filter(pk=delivery.endpoint_id)
    if result.is_success:
        endpoint.exclude(failing_since=None).update(failing_since=None)
    else:
        endpoint.filter(failing_since=None).update(failing_since=now)
    if result.is_gone:
        endpoint.update(status=EndpointStatus.DISABLED)
    if result.retry_after:
        endpoint.update(resting_until=now + timedelta(seconds=result.retry_after))


def jittered(seconds: float) -> float:
    """Give or take a fifth: retries of many deliveries do not come together."""
    return seconds * secrets.SystemRandom().uniform(1 - _JITTER, 1 + _JITTER)


def _end(delivery: Delivery, status: DeliveryStatus, now: datetime) -> None:
    delivery.status, delivery.ended_at, delivery.calling_until = status, now, None
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
