"""The platform's API of webhook endpoints and events."""

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request

from payments.platforms.authentication import bearer_of
from payments.platforms.models import Link, LinkStatus
from payments.platforms.scopes import CHAT
from payments.webhooks import deliveries, endpoints
from payments.webhooks.models import Event
from payments.webhooks.schemas import (
    DeliveryBody,
    DeliveryPage,
    EndpointBody,
    EndpointInput,
    EndpointPage,
    EndpointSecretBody,
    EventBody,
    delivery_of,
    endpoint_of,
    event_of,
    with_secret,
)
from privacy.exposure.api import Answer, DisclosingView
from privacy.fields import Basis
from wallet.core import clock
from wallet.core.errors import NotFound
from wallet.core.members import NoMembers

_CHAT = frozenset({CHAT})


_WANTED = OpenApiExample(
    "Hear of payments",
    value={"url": "https://chat.example/hooks/paravent", "events": ["payment_request.paid", "link.revoked"]},
    request_only=True,
)


class EndpointsView(DisclosingView):
    """Where you want to hear of what."""

    scopes = {"GET": _CHAT, "POST": _CHAT}
    idempotent = True
    basis = Basis.CONTRACT
    request_serializer = EndpointInput
    answers = {"GET": {200: EndpointPage}, "POST": {201: EndpointSecretBody}}

    @extend_schema(operation_id="create_webhook_endpoint", examples=[_WANTED])
    def post(self, request: Request) -> Answer:
        """Register an endpoint; the secret is shown this once."""
        values = self.parse(EndpointInput, request)
        endpoint = endpoints.create_endpoint(
            platform=bearer_of(request).platform, url=values["url"], events=values.get("events"), now=clock.now()
        )
        return Answer(EndpointSecretBody, with_secret(endpoint), {}, status=201)

    @extend_schema(operation_id="list_webhook_endpoints")
    def get(self, request: Request) -> Answer:
        """Your endpoints, newest first."""
        rows, cursor = self.page(endpoints.list_endpoints(bearer_of(request).platform), request)
        return Answer(EndpointPage, {"data": [endpoint_of(row) for row in rows], "next_cursor": cursor}, {})


class EndpointView(DisclosingView):
    """One endpoint of yours."""

    scopes = {"GET": _CHAT, "DELETE": _CHAT}
    basis = Basis.CONTRACT
    answers = {"GET": {200: EndpointBody}, "DELETE": {204: None}}

    @extend_schema(operation_id="get_webhook_endpoint")
    def get(self, request: Request, endpoint_id: str) -> Answer:
        """Read it, without its secret."""
        endpoint = endpoints.get_endpoint(platform=bearer_of(request).platform, endpoint_id=endpoint_id)
        return Answer(EndpointBody, endpoint_of(endpoint), {})

    @extend_schema(operation_id="delete_webhook_endpoint")
    def delete(self, request: Request, endpoint_id: str) -> Answer:
        """Take it away, with whatever still waits for it."""
        endpoints.delete_endpoint(platform=bearer_of(request).platform, endpoint_id=endpoint_id, now=clock.now())
        return Answer(None, status=204)


class RotateSecretView(DisclosingView):
    """A new secret; the old one signs beside it for 24 hours."""

    scopes = {"POST": _CHAT}
    idempotent = True
    basis = Basis.CONTRACT
    request_serializer = NoMembers
    answers = {"POST": {200: EndpointSecretBody}}

    @extend_schema(operation_id="rotate_webhook_secret")
    def post(self, request: Request, endpoint_id: str) -> Answer:
        """Rotate it; the new one is shown this once."""
        self.parse(NoMembers, request)
        endpoint = endpoints.rotate_secret(
            platform=bearer_of(request).platform, endpoint_id=endpoint_id, now=clock.now()
        )
        return Answer(EndpointSecretBody, with_secret(endpoint), {})


class TestEventView(DisclosingView):
    """An event about nobody, to see whether messages arrive."""

    scopes = {"POST": _CHAT}
    idempotent = True
    basis = Basis.CONTRACT
    request_serializer = NoMembers
    answers = {"POST": {201: DeliveryBody}}

    @extend_schema(operation_id="send_test_event")
    def post(self, request: Request, endpoint_id: str) -> Answer:
        """Send `webhook_endpoint.test` to this endpoint, whatever it subscribes to."""
        self.parse(NoMembers, request)
        delivery = deliveries.send_test(platform=bearer_of(request).platform, endpoint_id=endpoint_id, now=clock.now())
        return Answer(DeliveryBody, delivery_of(delivery), {}, status=201)


class DeliveriesView(DisclosingView):
    """What was sent to an endpoint, and what came of it."""

    scopes = {"GET": _CHAT}
    basis = Basis.CONTRACT
    answers = {"GET": {200: DeliveryPage}}

    @extend_schema(operation_id="list_webhook_deliveries")
    def get(self, request: Request, endpoint_id: str) -> Answer:
        """Its deliveries, newest first."""
        endpoint = endpoints.get_endpoint(platform=bearer_of(request).platform, endpoint_id=endpoint_id)
        rows, cursor = self.page(deliveries.list_deliveries(endpoint), request)
        return Answer(DeliveryPage, {"data": [delivery_of(row) for row in rows], "next_cursor": cursor}, {})


class ReplayView(DisclosingView):
    """One delivery once more."""

    scopes = {"POST": _CHAT}
    idempotent = True
    basis = Basis.CONTRACT
    request_serializer = NoMembers
    answers = {"POST": {200: DeliveryBody}}

    @extend_schema(operation_id="replay_webhook_delivery")
    def post(self, request: Request, delivery_id: str) -> Answer:
        """Send it again under the same `webhook-id`, from the top of the table of retries."""
        self.parse(NoMembers, request)
        return Answer(
            DeliveryBody,
            delivery_of(deliveries.replay(platform=bearer_of(request).platform, delivery_id=delivery_id)),
            {},
        )


class EventView(DisclosingView):
    """An event that a webhook named."""

    scopes = {"GET": _CHAT}
    answers = {"GET": {200: EventBody}}

    @extend_schema(operation_id="get_event")
    def get(self, request: Request, event_id: str) -> Answer:
        """Read it."""
        event = Event.objects.filter(pk=event_id, platform=bearer_of(request).platform).first()
        if event is None:
            raise NotFound
        named = [link for link in (event.payee_link, event.payer_link) if link]
        are_live = not Link.objects.filter(pk__in=named).exclude(status=LinkStatus.ACTIVE).exists()
        basis = Basis.CONSENT if are_live else Basis.CONTRACT
        return Answer(EventBody, event_of(event), deliveries.people_of(event), basis=basis)
