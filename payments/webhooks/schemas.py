"""The bodies of webhooks and of their endpoints."""

from typing import Any, ClassVar

from rest_framework import serializers

from payments.webhooks.catalogue import SUBSCRIBABLE, EventType
from payments.webhooks.models import Delivery, DeliveryStatus, Endpoint, EndpointStatus, Event
from privacy.exposure.schema import ClosedSchema, Member, page_of
from privacy.fields import FieldClass
from wallet.core.calls import Failure
from wallet.core.members import PublicIdField, StrictCharField, StrictIntegerField, StrictSerializer

_BOTH = ("payee", "payer")
_TYPES = [one.value for one in EventType]
_OBJECT = r"^(preq|split|chk|ref|link|whe)_[0-9A-Za-z]{22}\Z"
#: Requests that one ending link can cancel and still name; more stay readable by themselves.
MOST_CANCELED = 1000


class WebhookData(ClosedSchema):
    """Which object."""

    id = serializers.RegexField(_OBJECT, max_length=40)

    class Meta:
        members: ClassVar = {"id": Member(FieldClass.OBJECT_ID, about=_BOTH)}


class WebhookBody(ClosedSchema):
    """What is posted to an endpoint; everything else is read at the API."""

    type = serializers.ChoiceField(choices=_TYPES)
    timestamp = serializers.DateTimeField()
    data = WebhookData()  # type: ignore[assignment]  # DRF takes declared fields off the class

    class Meta:
        schema = "webhook"
        members: ClassVar = {
            "type": Member(FieldClass.PAYMENT_STATUS, about=_BOTH),
            "timestamp": Member(FieldClass.OBJECT_TIME, about=_BOTH),
            "data": Member(None),
        }


class EventData(ClosedSchema):
    """Which object and, of a link that ended, what was canceled with it."""

    id = serializers.RegexField(_OBJECT, max_length=40)
    canceled = serializers.ListField(child=PublicIdField("preq"), max_length=MOST_CANCELED, allow_null=True)

    class Meta:
        members: ClassVar = {
            "id": Member(FieldClass.OBJECT_ID, about=_BOTH),
            "canceled": Member(FieldClass.OBJECT_ID, about=_BOTH),
        }


class EventBody(ClosedSchema):
    """An event by its id, which is the `webhook-id` of its deliveries."""

    id = PublicIdField("evt")
    type = serializers.ChoiceField(choices=_TYPES)
    timestamp = serializers.DateTimeField()
    data = EventData()  # type: ignore[assignment]  # DRF takes declared fields off the class

    class Meta:
        schema = "event"
        members: ClassVar = {
            "id": Member(FieldClass.OBJECT_ID, about=_BOTH),
            "type": Member(FieldClass.PAYMENT_STATUS, about=_BOTH),
            "timestamp": Member(FieldClass.OBJECT_TIME, about=_BOTH),
            "data": Member(None),
        }


class EndpointInput(StrictSerializer):
    """Where to, and of what; without `events`, of everything."""

    url = StrictCharField(max_length=500)
    events = serializers.ListField(
        child=serializers.ChoiceField(choices=SUBSCRIBABLE), required=False, allow_null=True, allow_empty=False,
        max_length=len(SUBSCRIBABLE),
    )  # fmt: skip


class EndpointBody(ClosedSchema):
    """An endpoint; its secret is shown once, when it is made or rotated."""

    id = PublicIdField("whe")
    url = StrictCharField(max_length=500)
    events = serializers.ListField(child=serializers.ChoiceField(choices=SUBSCRIBABLE), max_length=len(SUBSCRIBABLE))
    status = serializers.ChoiceField(choices=[one.value for one in EndpointStatus])
    created_at = serializers.DateTimeField()

    class Meta:
        schema = "webhook_endpoint"
        #: The platform's own settings: about nobody.
        members: ClassVar = dict.fromkeys(("id", "url", "events", "status", "created_at"), Member(None))


class EndpointSecretBody(EndpointBody):
    """With the secret, this once."""

    secret = StrictCharField(max_length=80, help_text="whsec_…")

    class Meta:
        schema = "webhook_endpoint_secret"
        members: ClassVar = {**EndpointBody.Meta.members, "secret": Member(None)}


EndpointPage = page_of(EndpointBody, "webhook_endpoint_page")


class DeliveryBody(ClosedSchema):
    """An event on its way to an endpoint. What it says is read at `/v1/events`, where it is written down for people."""

    id = PublicIdField("del")
    event = PublicIdField("evt")
    endpoint = PublicIdField("whe", allow_null=True)
    status = serializers.ChoiceField(choices=[one.value for one in DeliveryStatus])
    attempts = StrictIntegerField(min_value=0, max_value=1_000_000)
    last_status = StrictIntegerField(min_value=100, max_value=999, allow_null=True)
    last_error = serializers.ChoiceField(choices=[one.value for one in Failure], allow_null=True)
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)

    class Meta:
        schema = "webhook_delivery"
        #: How a message travelled: about nobody.
        members: ClassVar = dict.fromkeys(
            (
                "id", "event", "endpoint", "status", "attempts", "last_status", "last_error", "created_at", "ended_at",
            ),
            Member(None),
        )  # fmt: skip


DeliveryPage = page_of(DeliveryBody, "webhook_delivery_page")


def delivery_of(delivery: Delivery) -> dict[str, Any]:
    """The delivery, without what it says."""
    return {
        "id": delivery.id,
        "event": delivery.event_id,
        "endpoint": delivery.endpoint_id,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "last_status": delivery.last_status,
        "last_error": delivery.last_error or None,
        "created_at": delivery.created_at,
        "ended_at": delivery.ended_at,
    }


def webhook_of(event: Event) -> dict[str, Any]:
    """The thin payload."""
    return {"type": event.type, "timestamp": event.at, "data": {"id": event.object_id}}


def event_of(event: Event) -> dict[str, Any]:
    """The event as it is read."""
    data = {"id": event.object_id, "canceled": event.canceled}
    return {"id": event.id, "type": event.type, "timestamp": event.at, "data": data}


def endpoint_of(endpoint: Endpoint) -> dict[str, Any]:
    """The endpoint without its secret."""
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "events": endpoint.events,
        "status": endpoint.status,
        "created_at": endpoint.created_at,
    }


def with_secret(endpoint: Endpoint) -> dict[str, Any]:
    """The endpoint with its secret."""
    return {**endpoint_of(endpoint), "secret": endpoint.secret}
