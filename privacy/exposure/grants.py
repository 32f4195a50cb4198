"""Grants: permission for exactly these bytes to leave, and the list of those made while one request is answered.

Only the gate makes a grant. A grant whose transaction was rolled back is void: its exposures do not exist.
"""

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request

#: Held by the gate alone; nobody else imports it (test_tidy sees to it).
GATE: Final = object()


class GrantForged(Exception):
    """Something other than the gate tried to make a grant."""


@dataclass(frozen=True, slots=True)
class Grant:
    """The bytes that may leave, as the gate has serialised them."""

    body: bytes = field(repr=False)
    content_type: str
    schema: str
    made_by: object = field(repr=False, compare=False)
    digest: bytes = field(init=False)

    def __post_init__(self) -> None:
        if self.made_by is not GATE:
            raise GrantForged
        object.__setattr__(self, "digest", hashlib.sha256(self.body).digest())


@dataclass(slots=True, eq=False)
class _Departure:
    """A digest that may leave, as long as its transaction was not rolled back."""

    digest: bytes
    is_committed: bool = False

    def commit(self) -> None:
        self.is_committed = True

    def is_alive(self) -> bool:
        """Committed, or still to be (Django drops the callbacks of what is rolled back)."""
        return self.is_committed or any(waiting[1] == self.commit for waiting in connection.run_on_commit)


@dataclass(slots=True)
class Departures:
    """What may leave with the answer to one request."""

    _made: list[_Departure] = field(default_factory=list)

    def admit(self, grant: Grant) -> None:
        """Let these bytes leave with this answer."""
        departure = _Departure(grant.digest)
        self._made.append(departure)
        transaction.on_commit(departure.commit)

    def has(self, body: bytes) -> bool:
        """Whether exactly these bytes were granted, and the log of it stands."""
        digest = hashlib.sha256(body).digest()
        return any(hmac.compare_digest(made.digest, digest) and made.is_alive() for made in self._made)


_DEPARTURES: ContextVar[Departures | None] = ContextVar("departures", default=None)


@contextmanager
def departures_of(request: HttpRequest) -> Iterator[Departures]:
    """The list for one request, while it is answered."""
    departures = Departures()
    request.departures = departures  # type: ignore[attr-defined]
    token = _DEPARTURES.set(departures)
    try:
        yield departures
    finally:
        _DEPARTURES.reset(token)


def admit(grant: Grant) -> None:
    """Add to the present request's list; outside a request nothing waits for it."""
    if (departures := _DEPARTURES.get()) is not None:
        departures.admit(grant)


def adopt(request: HttpRequest | Request, grant: Grant) -> None:
    """Let a prepared grant leave with the answer to this request: its record is written by the caller's own SQL."""
    inner = request._request if isinstance(request, Request) else request  # noqa: SLF001 - DRF keeps Django's there
    departures: Departures | None = getattr(inner, "departures", None)
    if departures is not None:
        departures.admit(grant)


def respond(grant: Grant, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """The HTTP answer that carries exactly the granted bytes."""
    response = HttpResponse(grant.body, status=status, content_type=grant.content_type)
    response["Cache-Control"] = "no-store"
    for name, value in (headers or {}).items():
        response[name] = value
    return response
