"""The official SDK, set up once: pinned version, bounded time, a few calls at a time, errors in our words."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

import requests
import stripe
import structlog
from django.conf import settings
from stripe import StripeClient

from wallet.core.errors import GatewayBusy, GatewayRefused, GatewayUnavailable
from wallet.core.transactions import refuse_open_transaction

log = structlog.get_logger(__name__)

#: The version whose shapes this code reads and the double checks. Another SDK brings another: change it on purpose.
API_VERSION: Final = "2026-10-28.endive"
_CONNECT, _READ = 5, 20
#: What a person waits for (settled.md 4): the one call that a web request makes.
_HURRY = 3
#: Calls at one time in a process: whoever hangs there takes two of a worker's four threads and no more.
_PLACES = threading.BoundedSemaphore(2)


@cache
def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


@cache
def client(*, is_hurried: bool = False) -> StripeClient:
    """The one client; where STRIPE_API_BASE is set (the sandbox alone), it speaks to that address."""
    timeout = (_HURRY, _HURRY) if is_hurried else (_CONNECT, _READ)
    http = stripe.RequestsClient(timeout=timeout, session=_session(), proxy=settings.EGRESS_PROXY or None)
    return StripeClient(
        settings.STRIPE_SECRET_KEY or "sk_missing", stripe_version=API_VERSION, http_client=http,
        base_addresses={"api": settings.STRIPE_API_BASE} if settings.STRIPE_API_BASE else None,
        max_network_retries=0,
    )  # fmt: skip


@contextmanager
def call(what: str, *, is_hurried: bool = False) -> Iterator[StripeClient]:
    """Around one call.

    Args:
        what: names it in the log.
        is_hurried: a person waits: three seconds and no more.

    Raises:
        GatewayUnavailable: no answer, an error of theirs, too many calls, or a key that is missing or revoked: the
            outbox tries again, and goes on by itself once the key is right.
        GatewayRefused: this request will never be taken.
    """
    refuse_open_transaction(f"stripe: {what}")
    if not settings.STRIPE_SECRET_KEY:
        log.error("stripe.key_missing", call=what)
        raise GatewayUnavailable
    if not _PLACES.acquire(blocking=False):
        raise GatewayBusy
    try:
        yield client(is_hurried=is_hurried)
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        log.error("stripe.key_refused", call=what, request=_request_id(error))  # noqa: TRY400 - a trace says less
        raise GatewayUnavailable from None
    except stripe.InvalidRequestError as error:
        log.error(  # noqa: TRY400 - the same
            "stripe.refused",
            call=what,
            code=error.code or "",
            param=error.param or "",
            request=_request_id(error),
        )
        if error.http_status in {409, 429}:
            raise GatewayUnavailable from None
        raise GatewayRefused(code=error.code or "") from None
    except stripe.IdempotencyError as error:
        log.error("stripe.key_reused", call=what, request=_request_id(error))  # noqa: TRY400 - the same
        if error.http_status == requests.codes["conflict"]:
            raise GatewayUnavailable from None
        raise GatewayRefused from None
    except stripe.StripeError as error:
        log.warning("stripe.no_answer", call=what, error=type(error).__name__, request=_request_id(error))
        raise GatewayUnavailable from None
    finally:
        _PLACES.release()


def _request_id(error: stripe.StripeError) -> str:
    return error.request_id or ""
