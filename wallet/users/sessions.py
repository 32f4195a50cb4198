"""Sessions in the database: rotated at sign-in, 30 minutes idle, 12 hours in all, listed and ended by their holder.

Django's store, with three differences. The key stands hashed in the table. Both ends of a session are judged by the
database's clock in the one query that loads it. And the row knows its holder, so that a changed key ends the others.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.http import HttpRequest, HttpResponse

from wallet.core import clock
from wallet.core.models import DatabaseNow
from wallet.users.models import Session

_STARTED = "started"
_DEVICE = "device"


def _digest(session_key: str) -> str:
    return hashlib.sha256(session_key.encode()).hexdigest()


class SessionStore(DatabaseStore):
    """What `SESSION_ENGINE` names."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """Our own table."""
        return Session

    def _get_session_from_db(self) -> Session | None:
        found = Session.objects.filter(
            session_key=_digest(self.session_key or ""),
            expire_date__gt=DatabaseNow(),
            started_at__gt=DatabaseNow() - timedelta(seconds=settings.SESSION_ABSOLUTE_AGE),
        ).first()
        if found is None:
            self._session_key = None
        return found

    def exists(self, session_key: str) -> bool:
        """Whether the key is in use."""
        return Session.objects.filter(session_key=_digest(session_key)).exists()

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """The row of the present state."""
        started = data.setdefault(_STARTED, clock.now().isoformat())
        return Session(
            session_key=_digest(self._get_or_create_session_key()),  # type: ignore[attr-defined]
            session_data=self.encode(data),
            expire_date=DatabaseNow() + timedelta(seconds=settings.SESSION_COOKIE_AGE),
            started_at=datetime.fromisoformat(started),
            holder_id=data.get(SESSION_KEY),
            device=data.get(_DEVICE, ""),
        )

    def delete(self, session_key: str | None = None) -> None:
        """End the session."""
        key = session_key or self.session_key
        if key is not None:
            Session.objects.filter(session_key=_digest(key)).delete()

    @classmethod
    def clear_expired(cls) -> None:
        """Remove the rows of sessions that are over."""
        Session.objects.filter(expire_date__lte=DatabaseNow()).delete()


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A line of the list of sessions; `tag` names it without being its key."""

    tag: str
    device: str
    started_at: datetime
    last_used_at: datetime
    is_current: bool


def begin(request: HttpRequest, *, now: datetime) -> None:
    """Give the session a new key and start its twelve hours; called by every sign-in."""
    request.session.cycle_key()
    request.session[_STARTED] = now.isoformat()
    request.session[_DEVICE] = device_of(request)


def list_open(*, holder_id: str, current_key: str | None) -> list[OpenSession]:
    """The holder's open sessions, the last used first."""
    idle = timedelta(seconds=settings.SESSION_COOKIE_AGE)
    here = _digest(current_key or "")
    rows = Session.objects.filter(
        holder_id=holder_id,
        expire_date__gt=DatabaseNow(),
        started_at__gt=DatabaseNow() - timedelta(seconds=settings.SESSION_ABSOLUTE_AGE),
    ).order_by("-expire_date")
    return [
        OpenSession(
            tag=_tag(row.session_key), device=row.device, started_at=row.started_at,
            last_used_at=row.expire_date - idle, is_current=hmac.compare_digest(row.session_key, here),
        )
        for row in rows
    ]  # fmt: skip


def _tag(digest: str) -> str:
    return hashlib.sha256(digest.encode()).hexdigest()[:24]


def end_one(*, holder_id: str, tag: str) -> bool:
    """End one of the holder's sessions; False when there is none with this tag."""
    for session in Session.objects.filter(holder_id=holder_id):
        if _tag(session.session_key) == tag:
            session.delete()
            return True
    return False


def end_others(*, holder_id: str, current_key: str | None) -> int:
    """End all the holder's sessions but the current one; how many there were."""
    ended, _ = Session.objects.filter(holder_id=holder_id).exclude(session_key=_digest(current_key or "")).delete()
    return ended


_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("CriOS", "Chrome"),
             ("Chrom", "Chrome"), ("Safari", "Safari"))  # fmt: skip
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "Mac"),
            ("Linux", "Linux"))  # fmt: skip


def device_of(request: HttpRequest) -> str:
    """The families of browser and system, and nothing finer."""
    agent = request.META.get("HTTP_USER_AGENT", "")
    parts = [next((name for mark, name in family if mark in agent), "") for family in (_BROWSERS, _SYSTEMS)]
    return ", ".join(part for part in parts if part)


class PrivatePagesMiddleware:
    """Nothing that a view answers stays in a cache, and no page may use the device's sensors or payment sheets."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Add the headers that the view has not set itself."""
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
        return response
