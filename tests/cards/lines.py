"""An acquirer's lines to real web processes, kept open."""

import http.client
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.conf import settings

from tests.cards.acquirer import PATH
from tests.support.web import Web

Send = Callable[[str, dict[str, Any]], tuple[int, dict[str, Any]]]


@contextmanager
def two_lines(webs: Sequence[Web], *, each: int = 1) -> Iterator[list[Send]]:
    """So many lines to each process, by turns."""
    opened = [http.client.HTTPConnection("127.0.0.1", web.port, timeout=60) for _ in range(each) for web in webs]
    try:
        yield [_send(line) for line in opened]
    finally:
        for line in opened:
            line.close()


def _send(line: http.client.HTTPConnection) -> Send:
    headers = {"Authorization": f"Bearer {settings.SANDBOX_NETWORK_KEY}", "Content-Type": "application/json"}

    def send(path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        line.request("POST", PATH + path, json.dumps(body), headers)
        answer = line.getresponse()
        return answer.status, json.loads(answer.read())

    return send
