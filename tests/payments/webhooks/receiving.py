"""A platform's own server for webhooks, and what the worker does, step by step."""

import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from payments.webhooks import tasks
from payments.webhooks.models import Delivery
from tests.payments.requests.test_requests_api import Story
from wallet.core import clock, outbox
from wallet.core.models import OutboxEntry

assert tasks.deliver, "registers its topics with the outbox"


class Door(BaseHTTPRequestHandler):
    """Reads a message and answers as its platform behaves."""

    server: "_Server"

    def do_POST(self) -> None:
        platform = self.server.platform
        body = self.rfile.read(int(self.headers["content-length"]))
        platform.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        if platform.behaviour == "hangs":
            platform.release.wait(60)
        self.flood(platform.behaviour)
        status = platform.statuses.pop(0) if platform.statuses else 200
        self.send_response(status)
        if status in {301, 302, 307, 308}:
            self.send_header("Location", f"http://127.0.0.1:{platform.port}/elsewhere")
        for name, value in platform.headers.items():
            self.send_header(name, value)
        if platform.behaviour == "endless body":
            self.end_headers()
            while True:
                self.wfile.write(b"x" * 65536)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def flood(self, behaviour: str) -> None:
        pieces = {
            "tarpit": b"H",
            "early hints": b"HTTP/1.1 103 Early Hints\r\nx: " + b"x" * 1000 + b"\r\n\r\n",
            "long head": b"x" * 1000,
        }
        if behaviour == "long head":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nx: ")
        while behaviour in pieces:
            self.wfile.write(pieces[behaviour])
            self.wfile.flush()
            if behaviour == "tarpit":
                time.sleep(0.2)

    def log_message(self, *_words: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    platform: "Platform"

    def handle_error(self, *_who: Any) -> None:
        """A caller that hangs up is what some tests want."""


class Platform:
    """A platform's own server; answers with `statuses` in turn, then 200."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        self.behaviour = ""
        self.headers: dict[str, str] = {}
        self.release = threading.Event()
        self.server = _Server(("127.0.0.1", 0), Door)
        self.server.platform = self
        if tls is not None:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks?x=1"

    def stop(self) -> None:
        self.release.set()
        self.server.shutdown()
        self.server.server_close()


def register(story: Story, server: Platform, **more: Any) -> dict[str, Any]:
    answer = story.chat.post("/v1/webhook-endpoints", {"url": server.url, **more})
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.json()
    return made


def work(ref: str, topic: str | None = None) -> None:
    """What the worker does with everything that is due for this object, and for what comes of it."""
    rows = OutboxEntry.objects.filter(ref=ref, done_at=None)
    for entry in rows.filter(topic=topic) if topic else rows:
        outbox.work(entry.id)
    for delivery in Delivery.objects.filter(event__object_id=ref, status="pending"):
        for entry in OutboxEntry.objects.filter(ref=delivery.id, done_at=None):
            outbox.work(entry.id)


def hurry(ref: str) -> float:
    """Make the next attempt due now; returns how long it would have waited."""
    return hurry_delivery(Delivery.objects.get(event__object_id=ref).id)


def hurry_delivery(delivery_id: str) -> float:
    """The same, of a delivery by its own id."""
    entry = OutboxEntry.objects.get(ref=delivery_id, done_at=None)
    wait = (entry.due_at - clock.now()).total_seconds()
    OutboxEntry.objects.filter(pk=entry.pk).update(due_at=clock.now())
    return wait


def deliver(delivery_id: str) -> None:
    """One attempt, if it is due."""
    outbox.work(OutboxEntry.objects.get(ref=delivery_id, done_at=None).id)


def paid(story: Story) -> dict[str, Any]:
    made = story.asked()
    assert story.pay(made["id"]).json()["status"] == "paid"
    return made
