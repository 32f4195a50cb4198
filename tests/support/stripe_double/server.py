"""HTTP: Stripe's manners (keys, versions, idempotency, errors) around the routes, and the hand that breaks things."""

import hashlib
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.support.stripe_double import api, control, money, pages
from tests.support.stripe_double.books import VERSION, Books, Thing, _copy
from tests.support.stripe_double.params import Misfit, Refused, check, read
from tests.support.stripe_double.webhooks import Endpoint


@dataclass
class Fault:
    """What goes wrong with the next `times` calls whose method and path begin so.

    `500`, `429`, `503`: answered without acting. `hang`: no answer for `seconds`. `act-then-hang`, `act-then-500`,
    `act-then-drop`: done, and the answer is lost.
    """

    where: str
    kind: str
    times: int = 1
    seconds: float = 30.0


@dataclass
class Double:
    """Everything of one double."""

    books: Books
    key: str
    endpoint: Endpoint
    #: Where Issuing's events and questions go.
    issuing: Endpoint
    faults: list[Fault] = field(default_factory=list)
    #: What Stripe would not have taken, in words: fails the test.
    violations: list[str] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    #: Idempotency key → digest of its request, status and body; None while it runs.
    kept: dict[str, tuple[str, int, bytes] | None] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def events_since(self, known: int) -> None:
        """Hand to the webhooks what has happened since."""
        for event in list(self.books.tables["events"].values())[known:]:
            (self.issuing if event["type"].startswith("issuing_") else self.endpoint).take(event)

    def fault(self, method: str, path: str) -> Fault | None:
        with self.lock:
            for one in self.faults:
                if f"{method} {path}".startswith(one.where) and one.times > 0:
                    one.times -= 1
                    return one
        return None


class Handler(BaseHTTPRequestHandler):
    double: Double
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Quiet."""

    def do_GET(self) -> None:
        self.handle_one()

    def do_POST(self) -> None:
        self.handle_one()

    def handle_one(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if parts.path.startswith("/v1/"):
            self.answer_api(parts.path, parts.query if self.command == "GET" else body)
        elif parts.path.startswith("/_double/"):
            with self.double.lock:
                known = len(self.double.books.tables["events"])
                try:
                    status, said = 200, control.command(self.double, parts.path, json.loads(body or "{}"))
                except Refused as refused:
                    status, said = refused.status, {"error": refused.error}
                self.double.events_since(known)
            # The script of a number's page asks from the wallet's origin.
            self.say(status, json.dumps(said).encode(), {"Access-Control-Allow-Origin": "*"})
        else:
            with self.double.lock:
                known = len(self.double.books.tables["events"])
                status, headers, page = pages.answer(self.double, self.command, parts.path, body)
                self.double.events_since(known)
            self.say(status, page.encode(), {"Content-Type": "text/html; charset=utf-8", **headers})

    def say(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    # --- The API ---------------------------------------------------------------------------------------------

    def answer_api(self, path: str, encoded: str) -> None:
        double = self.double
        double.calls.append(
            {"method": self.command, "path": path, "params": encoded, "key": self.headers.get("Idempotency-Key")}
        )
        fault = double.fault(self.command, path)
        if fault and fault.kind == "hang":
            time.sleep(fault.seconds)
            self.close_connection = True
            return
        if fault and fault.kind.isdigit():
            self.say(int(fault.kind), _error({"type": "api_error", "message": "Something went wrong."}))
            return
        status, body, headers = self.judged(path, encoded)
        if fault and fault.kind == "act-then-hang":
            time.sleep(fault.seconds)
        if fault and fault.kind in {"act-then-hang", "act-then-drop"}:
            self.close_connection = True
            return
        if fault and fault.kind == "act-then-500":
            status, body = 500, _error({"type": "api_error", "message": "Something went wrong."})
            # As Stripe does: the same key gets the same 500 again.
            if (name := self.headers.get("Idempotency-Key")) and (kept := double.kept.get(name)):
                double.kept[name] = (kept[0], status, body)
        self.say(status, body, {"Request-Id": f"req_{secrets.token_hex(7)}", "Stripe-Version": VERSION, **headers})

    def judged(self, path: str, encoded: str) -> tuple[int, bytes, dict[str, str]]:
        double, name = self.double, self.headers.get("Idempotency-Key") or ""
        try:
            self.check_manners()
            shape, answer, reference = api.route(self.command, path)
            wanted = check(read(encoded), shape)
        except Misfit as misfit:
            double.violations.append(f"{self.command} {path}: {misfit}")
            return misfit.status, _error(misfit.error), {}
        except Refused as refused:
            return refused.status, _error(refused.error), {}
        digest = hashlib.sha256(f"{self.command} {path} {json.dumps(wanted, sort_keys=True)}".encode()).hexdigest()
        with double.lock:
            if self.command == "POST" and name:
                if name in double.kept:
                    return _again(double, name, digest, self.command, path)
                double.kept[name] = None
            known = len(double.books.tables["events"])
            status, body = self.done(answer, wanted, reference)
            if self.command == "POST" and name:
                double.kept[name] = (digest, status, body)
            double.events_since(known)
        return status, body, {"Idempotency-Key": name} if name else {}

    def check_manners(self) -> None:
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if not given:
            raise Refused("You did not provide an API key.", status=401)
        if given != self.double.key:
            raise Refused(f"Invalid API Key provided: {given[:8]}****", status=401)
        if self.headers.get("Stripe-Version") != VERSION:
            raise Misfit(f"The API version is not pinned to {VERSION}: {self.headers.get('Stripe-Version')}")
        if self.command == "POST" and not self.headers.get("Idempotency-Key"):
            raise Misfit("A POST without an Idempotency-Key of ours")

    def done(self, answer: api.Answer, wanted: dict[str, Any], reference: str) -> tuple[int, bytes]:
        books = self.double.books
        money.age(books)
        try:
            found = answer(books, wanted, reference)
            return 200, json.dumps(_shown(books, found, wanted.get("expand") or []), indent=2).encode()
        except Refused as refused:
            return refused.status, _error(refused.error)
        except LookupError as path:
            self.double.violations.append(f"cannot be expanded: {path}")
            return 400, _error(
                {"type": "invalid_request_error", "message": f"This property cannot be expanded ({path})."}
            )


def _again(double: Double, name: str, digest: str, method: str, path: str) -> tuple[int, bytes, dict[str, str]]:
    kept = double.kept[name]
    if kept is None:
        said = "There is currently another in-progress request using this Idempotent Key."
        return 409, _error({"type": "idempotency_error", "message": said, "code": "idempotency_key_in_use"}), {}
    if kept[0] != digest:
        double.violations.append(f"{method} {path}: Idempotency-Key {name} was used with other parameters")
        said = "Keys for idempotent requests can only be used with the same parameters they were first used with."
        return 400, _error({"type": "idempotency_error", "message": said}), {}
    return kept[1], kept[2], {"Idempotency-Key": name, "Idempotent-Replayed": "true"}


def _shown(books: Books, found: Thing, paths: list[str]) -> Thing:
    if found["object"] != "list":
        return books.expanded(found, paths)
    inner = []
    for path in paths:
        if not path.startswith("data."):
            raise LookupError(path)
        inner.append(path.removeprefix("data."))
    return {**_copy(found), "data": [books.expanded(one, inner) for one in found["data"]]}


def _error(error: dict[str, Any]) -> bytes:
    return json.dumps({"error": error}, indent=2).encode()


def make_server(*, port: int, key: str, webhook: str, secret: str, issuing: str = "") -> ThreadingHTTPServer:
    """A double that listens; port 0 takes a free one."""
    handler = type("BoundHandler", (Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    base = f"http://127.0.0.1:{server.server_address[1]}"
    handler.double = Double(Books(base), key, Endpoint(webhook, secret), Endpoint(issuing, secret))  # type: ignore[attr-defined]
    return server
