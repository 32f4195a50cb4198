"""The double as a process, for tests: started, moved by its commands, stopped with no violation left."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent.parent.parent
SECRET = "whsec_double"
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class CommandRefused(AssertionError):
    """The double does not do that."""


@dataclass
class StripeDouble:
    """`double = StripeDouble.start()`; `double.do("pay", session=…)`."""

    process: subprocess.Popen[str]
    url: str
    key: str
    secret: str

    @classmethod
    def start(cls, *, webhook: str = "", key: str = "sk_test_double", secret: str = SECRET, port: int = 0) -> Self:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.stripe_double", "--webhook", webhook, "--key", key, "--secret", secret,
             "--port", str(port)],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:"), "the double does not start"
        return cls(process, url, key, secret)

    def do(self, command: str, **arguments: Any) -> dict[str, Any]:
        """One of the commands of `control`."""
        request = urllib.request.Request(f"{self.url}/_double/{command}", json.dumps(arguments).encode())  # noqa: S310 - our own
        try:
            with _OPENER.open(request, timeout=30) as answer:
                return dict(json.loads(answer.read()))
        except urllib.error.HTTPError as error:
            raise CommandRefused(error.read().decode()) from None

    def stop(self) -> None:
        """Stop."""
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
