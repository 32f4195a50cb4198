"""The call of a webhook: the granted bytes, and what its answer's head says."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpcore
import httpx

from privacy.exposure.gate import Grant
from wallet.core import calls, clock
from wallet.core.calls import CallFailed, Failure

#: Seconds for everything: look-up, connect, send, and the answer's head (W08).
DEADLINE = 20.0
#: An endpoint may ask for patience, and not for eternity.
_MOST_PATIENCE = 3600
_ASKS_FOR_PATIENCE = frozenset(
    {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
)


@dataclass(frozen=True, slots=True)
class Result:
    """An HTTP status, or why there is none.

    Args:
        status: of the answer.
        failure: why there was none.
        retry_after: seconds for which the endpoint wants to be left alone, or 0.
    """

    status: int | None = None
    failure: Failure | None = None
    retry_after: int = 0

    @property
    def is_success(self) -> bool:
        """2xx; a redirect is not followed and is no success."""
        return self.status is not None and httpx.codes.is_success(self.status)

    @property
    def is_gone(self) -> bool:
        """410: the endpoint wants nothing more."""
        return self.status == HTTPStatus.GONE


def send(*, url: str, grant: Grant, headers: Mapping[str, str]) -> Result:
    """Post the granted bytes. Of the answer only its head is read: no body, however long, slow or packed."""
    given = {**headers, "content-type": grant.content_type, "user-agent": "Paravent-Webhooks/1"}
    try:
        return calls.post(
            what="webhook", url=url, body=grant.body, headers=given, seconds=DEADLINE, read=_result,
        )  # fmt: skip
    except CallFailed as failed:
        return Result(failure=failed.failure)


def _result(response: httpcore.Response) -> Result:
    return Result(status=response.status, retry_after=_patience(response))


def _patience(response: httpcore.Response) -> int:
    """Seconds that the endpoint asks for with a status that means patience (RFC 9110 10.2.3)."""
    if response.status not in _ASKS_FOR_PATIENCE:
        return 0
    given = next((value for name, value in response.headers if name.lower() == b"retry-after"), b"").decode("latin-1")
    if given.isascii() and given.isdigit():
        return min(int(given[:6]), _MOST_PATIENCE)
    try:
        wanted = (parsedate_to_datetime(given) - clock.now()).total_seconds()
    except (ValueError, TypeError):
        return 0
    return max(0, min(math.ceil(wanted), _MOST_PATIENCE))
