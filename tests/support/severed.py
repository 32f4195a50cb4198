"""A proxy before PostgreSQL that cuts the line when a COMMIT has been done and its answer is on the way (L10).

    with severed(URLS["app"], cut=lambda number: number % 2 == 0) as (url, line):
        …                     # DATABASE_URL=url; the client sees a connection that broke
        line.cuts             # how many answers were lost

The server has committed by then: only the client does not know.
"""

import contextlib
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

#: What commits: the word, or the parameter of a statement that commits by itself: the placing of an authorization, or a
#: posting that nothing else belongs to.
_COMMITS = (b"COMMIT\0", b"300ms", b'[{"op":"')


@dataclass
class Line:
    """What the proxy does and has done."""

    target: str
    cut: Callable[[int], bool]
    commits: int = 0
    cuts: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def is_next_cut(self) -> bool:
        """Count a COMMIT, and say whether its answer is lost."""
        with self._lock:
            self.commits += 1
            is_cut = self.cut(self.commits)
            self.cuts += is_cut
        return is_cut

    def serve(self, client: socket.socket) -> None:
        """Pass on both ways until one end closes, or an answer is cut."""
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(self.target)
            back = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
            back.start()
            while asked := client.recv(65536):
                if any(one in asked for one in _COMMITS) and self.is_next_cut():
                    # Nothing of the answer reaches the client; the server's word for it is waited for, then dropped.
                    client.shutdown(socket.SHUT_RDWR)
                    with contextlib.suppress(OSError):
                        server.sendall(asked)
                        server.shutdown(socket.SHUT_WR)
                    back.join(10)
                    return
                server.sendall(asked)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while answer := source.recv(65536):
            with contextlib.suppress(OSError):
                target.sendall(answer)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def severed(url: str, *, cut: Callable[[int], bool]) -> Iterator[tuple[str, Line]]:
    """A URL of the same database by way of the proxy, and the proxy; `cut` is asked with the number of each COMMIT."""
    host = unquote(urlsplit(url).query.removeprefix("host="))
    with tempfile.TemporaryDirectory(prefix="pv-") as folder, socket.socket(socket.AF_UNIX) as listener:
        line = Line(target=str(Path(host) / ".s.PGSQL.5432"), cut=cut)
        listener.bind(str(Path(folder) / ".s.PGSQL.5432"))
        listener.listen(64)
        threading.Thread(target=_accept, args=(listener, line), daemon=True).start()
        yield url.replace(quote(host, safe=""), quote(folder, safe="")), line
        listener.close()


def _accept(listener: socket.socket, line: Line) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_serve, args=(line, client), daemon=True).start()


def _serve(line: Line, client: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.serve(client)
