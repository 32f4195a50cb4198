"""A witness of C2SP tlog-witness, written from its specification: nothing of ours is in it but the test's log key."""

import base64
import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


@dataclass
class Witness:
    """Signs what is consistent with what it has signed before; `behaviour` makes it a bad one."""

    name: str = "witness.example/w1"
    origin: str = "paravent.test/log"
    log_keys: list[str] = field(default_factory=list)
    size: int = 0
    root: bytes = b""
    behaviour: str = ""
    port: int = 0
    asked: list[bytes] = field(default_factory=list)
    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    release: threading.Event = field(default_factory=threading.Event)

    @property
    def public(self) -> bytes:
        return b"\x04" + self.private.public_key().public_bytes_raw()

    @property
    def key_id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + self.public).digest()[:4]

    @property
    def words(self) -> list[str]:
        """Its two words in `WITNESSES`."""
        key = f"{self.name}+{self.key_id.hex()}+{base64.b64encode(self.public).decode()}"
        return [key, f"http://127.0.0.1:{self.port}/add/"]

    def answer(self, body: bytes) -> tuple[int, bytes]:
        """What the specification says."""
        head, _, note = body.decode().partition("\n\n")
        old_line, *proof = head.split("\n")
        text, _, signatures = note.partition("\n\n")
        origin, size_text, root_text = text.split("\n")
        old, size, root = int(old_line.removeprefix("old ")), int(size_text), base64.b64decode(root_text)
        if origin != self.origin:
            return 404, b""
        if not any(
            self._is_signed(text + "\n", line, key) for line in signatures.splitlines() for key in self.log_keys
        ):
            return 403, b""
        if old > size or len(proof) > 63 or old != self.size:
            return (409, f"{self.size}\n".encode()) if old != self.size else (400, b"")
        hashes = [base64.b64decode(one) for one in proof]
        if old in {0, size}:
            holds = not hashes and (old == 0 or root == self.root)
        else:
            holds = is_consistent(old, self.root, size, root, hashes)
        if not holds:
            return 422, b""
        self.size, self.root = size, root
        return 200, self.line(text + "\n", int(time.time()))

    def line(self, text: str, now: int) -> bytes:
        signature = self.private.sign(f"cosignature/v1\ntime {now}\n{text}".encode())
        raw = self.key_id + now.to_bytes(8, "big") + signature
        return f"\N{EM DASH} {self.name} {base64.b64encode(raw).decode()}\n".encode()

    def _is_signed(self, text: str, line: str, key: str) -> bool:
        name, _, rest = key.partition("+")
        _id, _, encoded = rest.partition("+")
        dash, given, raw = line.split(" ")
        if (dash, given) != ("\N{EM DASH}", name):
            return False
        try:
            public = Ed25519PublicKey.from_public_bytes(base64.b64decode(encoded)[1:])
            public.verify(base64.b64decode(raw)[4:], text.encode())
        except InvalidSignature:
            return False
        return True


def is_consistent(old: int, old_root: bytes, size: int, root: bytes, proof: list[bytes]) -> bool:
    """RFC 9162, 2.1.4.2, for 0 < old < size."""
    if old & (old - 1) == 0:
        proof = [old_root, *proof]
    first, second = old - 1, size - 1
    while first & 1:
        first, second = first >> 1, second >> 1
    if not proof:
        return False
    before = after = proof[0]
    for one in proof[1:]:
        if second == 0:
            return False
        if first & 1 or first == second:
            before, after = _node(one, before), _node(one, after)
            while first and not first & 1:
                first, second = first >> 1, second >> 1
        else:
            after = _node(after, one)
        first, second = first >> 1, second >> 1
    return second == 0 and (before, after) == (old_root, root)


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class _Door(BaseHTTPRequestHandler):
    server: "_Server"

    def do_POST(self) -> None:
        witness = self.server.witness
        body = self.rfile.read(int(self.headers["content-length"]))
        assert self.path == "/add/add-checkpoint"
        witness.asked.append(body)
        status, said = witness.answer(body) if not witness.behaviour else (200, b"")
        match witness.behaviour:
            case "hangs":
                witness.release.wait(30)
            case "talks":
                said = b"x" * 60_000
            case "forges":
                text = body.decode().split("\n\n")[1] + "\n"
                said = witness.line(text.replace("paravent", "parallel"), int(time.time()))
            case "comes from the future":
                said = witness.line(body.decode().split("\n\n")[1] + "\n", 1 << 39)
            case "signs nothing":
                said = b"\xe2\x80\x94 somebody.else AAAAAAAA\n"
            case "is longer":
                status, said = 409, b"99999999999\n"
            case "refuses":
                status = 422
        self.send_response(status)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_words: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, witness: Witness) -> None:
        self.witness = witness
        super().__init__(("127.0.0.1", 0), _Door)


@contextmanager
def serving(witness: Witness) -> Iterator[Witness]:
    """The witness at its port, until the end of the block."""
    server = _Server(witness)
    witness.port = server.server_address[1]
    runner = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    runner.start()
    try:
        yield witness
    finally:
        witness.release.set()
        server.shutdown()
        server.server_close()
        runner.join()
