"""The tree as the database keeps it: its head, its tiles, its entries."""

from django.db import connection

from privacy.exposure.merkle import HASH_BYTES, WIDTH, Tree
from privacy.exposure.models import LogHead, LogTile


def head() -> LogHead:
    """Where the log ends, and what of it is published."""
    return LogHead.objects.get()


def read_tile(level: int, n: int) -> bytes:
    """The hashes of a tile as far as they go; nothing where there is none."""
    found = LogTile.objects.filter(level=level, n=n).values_list("hashes", flat=True).first()
    return bytes(found or b"")


def tree() -> Tree:
    """The whole tree, to prove things in; for one request, because it keeps what it reads."""
    return Tree(read_tile)


def tile(level: int, n: int, width: int, *, size: int) -> bytes | None:
    """The first `width` hashes of a tile of the tree of this size; None where it has no such tile."""
    count = size >> (8 * level)
    there = min(WIDTH, count - n * WIDTH)
    if width > there:
        return None
    return read_tile(level, n)[: width * HASH_BYTES]


def entries(n: int, width: int, *, size: int) -> bytes | None:
    """The first `width` leaves of entry bundle n, each after its length in two bytes."""
    start = n * WIDTH
    if width > min(WIDTH, size - start):
        return None
    return b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in leaves(start, start + width))


def leaves(start: int, end: int) -> list[bytes]:
    """The leaves from `start` up to `end`, whatever they are about."""
    statement = """
        SELECT leaf_index, leaf FROM privacy_exposure WHERE leaf_index >= %(start)s AND leaf_index < %(end)s
        UNION ALL
        SELECT leaf_index, leaf FROM privacy_logstatement WHERE leaf_index >= %(start)s AND leaf_index < %(end)s
        ORDER BY 1
    """
    with connection.cursor() as cursor:
        cursor.execute(statement, {"start": start, "end": end})
        return [bytes(leaf) for _index, leaf in cursor.fetchall()]
