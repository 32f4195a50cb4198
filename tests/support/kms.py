"""AWS KMS's double: moto's server over real HTTP on loopback, with a switch, and a record of what it was asked.

with Kms() as kms:
arn = kms.make_key()
kms.settings(arn)             # the environment of a process that uses it
kms.go_down(); kms.come_up()  # nobody listens; the same keys again
kms.hang(); kms.go_on()       # it takes requests and does not answer
kms.calls                     # what a log such as CloudTrail shows of each Encrypt and Decrypt
"""

import io
import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import boto3
import moto.kms.utils
from botocore.config import Config
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from privacy.crypto.aead import framed
from tests.support.system import free_port

REGION = "eu-central-1"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "double",
    "AWS_SECRET_ACCESS_KEY": "double",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}
#: Longer than any client waits.
_HANG_SECONDS = 60.0


def _context(encryption_context: dict[str, str]) -> bytes:
    """Unlike moto's own, which runs names and values together: in AWS no two contexts are the same."""
    return framed(*[text.encode() for item in sorted(encryption_context.items()) for text in item])


moto.kms.utils._serialize_encryption_context = _context


@dataclass(frozen=True, slots=True)
class Call:
    """What CloudTrail writes down of a request: all but the plaintext and the blob."""

    action: str
    key: str
    context: dict[str, str]
    members: frozenset[str]


class _Quiet(WSGIRequestHandler):
    def log(self, *_said: object) -> None:
        """Nothing."""


class Kms:
    """The double; its keys live as long as it."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.calls: list[Call] = []
        #: When set, every request gets this status and body.
        self.answer: tuple[str, bytes] | None = None
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._going = threading.Event()
        self._going.set()
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None
        self._admin = boto3.client(
            "kms", region_name=REGION, endpoint_url=self.url, aws_access_key_id="double",
            aws_secret_access_key="double", config=Config(retries={"total_max_attempts": 1}),
        )  # fmt: skip

    def make_key(self) -> str:
        """A new key; its ARN."""
        return str(self._admin.create_key()["KeyMetadata"]["Arn"])

    def settings(self, *arns: str) -> dict[str, str]:
        """The environment of a process that wraps with the last of these keys."""
        return {
            **CREDENTIALS,
            "KEY_PROVIDER": "aws-kms",
            "KEY_KMS_KEY_ID": ",".join(arns),
            "AWS_ENDPOINT_URL": self.url,
        }

    def come_up(self) -> None:
        """Listen, with the keys that were there."""
        self._server = make_server("127.0.0.1", self.port, self, threaded=True, request_handler=_Quiet)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def go_down(self) -> None:
        """Listen no more: connections are refused."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = self._thread = None

    def hang(self) -> None:
        """Take requests, and answer none."""
        self._going.clear()

    def go_on(self) -> None:
        """Answer again."""
        self._going.set()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """One request (WSGI)."""
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        action = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        if action in {"Encrypt", "Decrypt"}:
            asked = json.loads(body)
            self.calls.append(
                Call(action, asked.get("KeyId", ""), asked.get("EncryptionContext", {}), frozenset(asked))
            )
        self._going.wait(_HANG_SECONDS)
        if self.answer is not None:
            status, text = self.answer
            start_response(status, [("Content-Type", "application/x-amz-json-1.1"), ("Content-Length", str(len(text)))])
            return [text]
        return self._moto(environ, start_response)

    def __enter__(self) -> Self:
        self.come_up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.go_on()
        self.go_down()
        self._admin.close()
