"""A platform's endpoints and their secrets."""

from datetime import datetime, timedelta

from django.db.models import QuerySet

from payments.platforms.models import Platform
from payments.webhooks.catalogue import SUBSCRIBABLE
from payments.webhooks.models import Delivery, DeliveryStatus, Endpoint
from payments.webhooks.signing import new_secret
from wallet.core.addresses import check_url
from wallet.core.errors import Kind, NotFound, WalletError
from wallet.core.transactions import owns_transaction

#: How long a rotated secret still signs, beside the new one.
ROTATION = timedelta(hours=24)
MOST = 20


class TooManyEndpoints(WalletError):
    """A platform has at most 20 endpoints: delete one first."""

    kind = Kind.CONFLICT
    slug = "too-many-webhook-endpoints"
    title = "There are too many endpoints"


@owns_transaction
def create_endpoint(*, platform: Platform, url: str, events: list[str] | None, now: datetime) -> Endpoint:
    """Register an endpoint with a secret of its own.

    Raises:
        AddressRefused: the URL may not get webhooks.
        TooManyEndpoints: there are 20 already.
    """
    check_url(url)
    Platform.objects.select_for_update(no_key=True).get(pk=platform.pk)
    if list_endpoints(platform).count() >= MOST:
        raise TooManyEndpoints
    wanted = sorted(set(events or SUBSCRIBABLE))
    endpoint = Endpoint(platform=platform, url=url, events=wanted, created_at=now)
    endpoint.secret = new_secret()
    endpoint.save(force_insert=True)
    return endpoint


def list_endpoints(platform: Platform) -> QuerySet[Endpoint]:
    """A platform's own endpoints."""
    return Endpoint.objects.filter(platform=platform)


def get_endpoint(*, platform: Platform, endpoint_id: str) -> Endpoint:
    """One of the platform's own.

    Raises:
        NotFound: unknown or another platform's.
    """
    endpoint = list_endpoints(platform).filter(pk=endpoint_id).first()
    if endpoint is None:
        raise NotFound
    return endpoint


@owns_transaction
def delete_endpoint(*, platform: Platform, endpoint_id: str, now: datetime) -> None:
    """Take it away, with whatever still waits for it.

    Raises:
        NotFound: unknown or another platform's.
    """
    endpoint = get_endpoint(platform=platform, endpoint_id=endpoint_id)
    waiting = Delivery.objects.filter(endpoint=endpoint, status=DeliveryStatus.PENDING)
    waiting.update(status=DeliveryStatus.DROPPED, ended_at=now)
    endpoint.delete()


@owns_transaction
def rotate_secret(*, platform: Platform, endpoint_id: str, now: datetime) -> Endpoint:
    """A new secret; the old one signs beside it for a day.

    Raises:
        NotFound: unknown or another platform's.
    """
    endpoint = list_endpoints(platform).select_for_update(no_key=True).filter(pk=endpoint_id).first()
    if endpoint is None:
        raise NotFound
    endpoint.previous_secret, endpoint.previous_until = endpoint.secret, now + ROTATION
    endpoint.secret = new_secret()
    endpoint.save()
    return endpoint


def keys_of(endpoint: Endpoint, now: datetime) -> list[str]:
    """The secrets that sign now: one, or two during a rotation."""
    keys = [endpoint.secret]
    if endpoint.previous_until is not None and now < endpoint.previous_until:
        keys.append(endpoint.previous_secret)
    return keys
