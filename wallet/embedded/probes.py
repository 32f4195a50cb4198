"""Look at ports from outside: is one free, does something listen, does the web answer?"""

import http.client
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

from wallet.embedded.children import EmbeddedError

HTTP_OK = 200


def check_ports(ports: Mapping[str, int]) -> None:
    """Refuse to start when a port is taken.

    Raises:
        EmbeddedError: one is; the message names its setting.
    """
    for name, number in ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", number))
            except OSError as error:
                raise EmbeddedError(
                    f"Port {number} ({name}) cannot be used: {error.strerror}. "
                    f"Stop what uses it, or choose another: make run {name}={number + 10}"
                ) from None


def answers(port: int, *, public_url: str) -> bool:
    """Whether the web answers there, asked by its own name: in production it knows no other."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": urlsplit(public_url).netloc})
        return connection.getresponse().status == HTTP_OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def listens(port: int) -> bool:
    """Whether anything accepts a connection there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
