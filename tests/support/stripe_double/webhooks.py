"""Webhooks out: signed as Stripe signs, and delivered in whatever order, number and time is asked for."""

import hashlib
import hmac
import json
import random
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field

from tests.support.stripe_double.books import Thing

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def signed(body: bytes, secret: str, *, at: int | None = None, scheme: str = "v1") -> str:
    """The header `Stripe-Signature`."""
    at = int(time.time()) if at is None else at
    mark = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},{scheme}={mark}"


def bytes_of(event: Thing) -> bytes:
    return json.dumps(event, indent=2).encode()


@dataclass
class Endpoint:
    """Where events go. `auto`: as they happen; `hold`: kept until asked for; `drop`: never sent."""

    url: str
    secret: str
    mode: str = "auto"
    repeat: int = 1
    shuffle: bool = False
    delay: float = 0.0
    waiting: list[Thing] = field(default_factory=list)
    #: Event id → status of its last delivery.
    delivered: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, event: Thing) -> None:
        """An event has happened."""
        if not self.url or self.mode == "drop":
            return
        with self.lock:
            self.waiting.append(event)
        if self.mode == "auto":
            threading.Thread(target=self.flush, daemon=True).start()

    def flush(self) -> list[int]:
        """Deliver what waits; returns the statuses."""
        time.sleep(self.delay)
        with self.lock:
            events, self.waiting = self.waiting * self.repeat, []
        if self.shuffle:
            random.shuffle(events)
        return [self.deliver(event) for event in events]

    def deliver(self, event: Thing, *, tries: int = 4) -> int:
        """One event, tried again as Stripe does, only sooner."""
        status = 0
        for attempt in range(tries):
            body = bytes_of(event)
            request = urllib.request.Request(  # noqa: S310 - the tests' own address
                self.url, body, {"Content-Type": "application/json", "Stripe-Signature": signed(body, self.secret)}
            )
            try:
                with _OPENER.open(request, timeout=20) as answer:
                    status = answer.status
                break
            except urllib.error.HTTPError as error:
                status = error.code
            except OSError:
                status = 0
            time.sleep(0.3 * 2**attempt)
        self.delivered[event["id"]] = status
        return status
