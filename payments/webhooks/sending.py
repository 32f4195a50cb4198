"""The call itself: bounded in time and size, to the address that was judged, and nowhere else."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Overdue
from dataclasses import dataclass
from enum import StrEnum

import httpx
from django.conf import settings

from payments.webhooks.addresses import AddressRefused, Target, resolve
from privacy.exposure.gate import Grant
from wallet.core.transactions import refuse_open_transaction

#: Seconds for everything: connect, send, and the answer's head (W08).
DEADLINE = 20.0
_CONNECT, _STEP = 5.0, 10.0


class Failure(StrEnum):
    """Why there was no answer."""

    ADDRESS = "address_refused"
    TIMEOUT = "timeout"
    CONNECTION = "connection"


@dataclass(frozen=True, slots=True)
class Result:
    """An HTTP status, or why there is none."""

    status: int | None = None
    failure: Failure | None = None

    @property
    def is_success(self) -> bool:
        """2xx; a redirect is not followed and is no success."""
        return self.status is not None and httpx.codes.is_success(self.status)

    @property
    def is_gone(self) -> bool:
        """410: the endpoint wants nothing more."""
        return self.status == httpx.codes.GONE


def send(*, url: str, grant: Grant, headers: Mapping[str, str]) -> Result:
    """Post the granted bytes. Of the answer only its status is read: no body, however long, slow or packed."""
    refuse_open_transaction("webhook")
    try:
        target = resolve(url)
    except AddressRefused:
        return Result(failure=Failure.ADDRESS)
    client = httpx.Client(
        trust_env=False,
        proxy=settings.EGRESS_PROXY or None,
        follow_redirects=False,
        timeout=httpx.Timeout(_STEP, connect=_CONNECT),
        limits=httpx.Limits(max_connections=1, max_keepalive_connections=0),
    )
    # A thread of its own: the timeouts of a socket start anew with each byte, this deadline does not.
    runner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="webhook")
    try:
        call = runner.submit(_post, client, target, url, grant.body, {**headers, "content-type": grant.content_type})
        return Result(status=call.result(timeout=DEADLINE))
    except (Overdue, httpx.TimeoutException):
        return Result(failure=Failure.TIMEOUT)
    except (httpx.HTTPError, httpx.InvalidURL, OSError):
        return Result(failure=Failure.CONNECTION)
    finally:
        client.close()
        runner.shutdown(wait=False, cancel_futures=True)


def _post(client: httpx.Client, target: Target, url: str, body: bytes, headers: Mapping[str, str]) -> int:
    original = httpx.URL(url)
    request = client.build_request(
        "POST",
        original.copy_with(host=target.address),
        content=body,
        headers={
            **headers,
            "host": original.netloc.decode("ascii"),
            "user-agent": "Paravent-Webhooks/1",
            "accept-encoding": "identity",
        },
        # TLS asks for, and checks, the name and not the address.
        extensions={"sni_hostname": target.host},
    )
    response = client.send(request, stream=True)
    try:
        return response.status_code
    finally:
        response.close()
