"""The tree of RFC 6962, kept as tiles of 256 hashes (C2SP tlog-tiles): roots, inclusion and consistency in O(log n).

Pure: whoever calls brings the tiles. A stored tile may be longer than the tree that is asked about; only a tile that
is full has its root in the level above.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

HASH_BYTES: Final = 32
WIDTH: Final = 256
_HEIGHT = 8

#: Gives the hashes of tile (level, n), one after the other.
ReadTile = Callable[[int, int], bytes]

EMPTY_ROOT: Final = hashlib.sha256().digest()


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a leaf's bytes."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two neighbours."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def _hashes(tile: bytes) -> list[bytes]:
    return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]


def _complete(hashes: list[bytes]) -> bytes:
    """The root over 1, 2, 4, … 256 neighbours."""
    while len(hashes) > 1:
        hashes = [node_hash(*hashes[at : at + 2]) for at in range(0, len(hashes), 2)]
    return hashes[0]


def _split(size: int) -> int:
    """The largest power of two below the size."""
    return 1 << ((size - 1).bit_length() - 1)


@dataclass(slots=True)
class Tree:
    """The tree as far as its tiles go; each tile is read once."""

    read: ReadTile
    _tiles: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def root(self, size: int) -> bytes:
        """The root of the first `size` leaves."""
        return self._range(0, size) if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The path from leaf `index` to the root of the first `size` leaves, the leaf's sibling first.

        Raises:
            ValueError: there is no such leaf in that tree.
        """
        if not 0 <= index < size:
            raise ValueError("no such leaf")
        start, end = 0, size
        path: list[bytes] = []
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                path.append(self._range(middle, end))
                end = middle
            else:
                path.append(self._range(start, middle))
                start = middle
        return path[::-1]

    def consistency(self, old: int, size: int) -> list[bytes]:
        """The proof that the first `old` leaves are still the first ones of `size`; empty where nothing is to prove.

        Raises:
            ValueError: the older tree is the larger one.
        """
        if not 0 <= old <= size:
            raise ValueError("no such trees")
        return self._consistency(old, 0, size, is_known=True) if old else []

    def _consistency(self, old: int, start: int, end: int, *, is_known: bool) -> list[bytes]:
        if old == end - start:
            return [] if is_known else [self._range(start, end)]
        middle = start + _split(end - start)
        if old <= middle - start:
            return [*self._consistency(old, start, middle, is_known=is_known), self._range(middle, end)]
        return [
            *self._consistency(old - (middle - start), middle, end, is_known=False), self._range(start, middle),
        ]  # fmt: skip

    def _range(self, start: int, end: int) -> bytes:
        """The hash over leaves [start, end), where start is a multiple of the largest power of two in it."""
        size = end - start
        if size & (size - 1) == 0:
            return self._node(size.bit_length() - 1, start)
        middle = start + _split(size)
        return node_hash(self._range(start, middle), self._range(middle, end))

    def _node(self, height: int, start: int) -> bytes:
        level, inner = divmod(height, _HEIGHT)
        first = start >> (level * _HEIGHT)
        n, offset = divmod(first, WIDTH)
        wanted = self._tile(level, n)[offset * HASH_BYTES : (offset + (1 << inner)) * HASH_BYTES]
        if len(wanted) != HASH_BYTES << inner:
            raise TileMissing(level, n)
        return _complete(_hashes(wanted))

    def _tile(self, level: int, n: int) -> bytes:
        if (level, n) not in self._tiles:
            self._tiles[level, n] = self.read(level, n)
        return self._tiles[level, n]


class TileMissing(Exception):
    """The tree has lost a tile, or a part of one."""

    def __init__(self, level: int, n: int) -> None:
        super().__init__(f"tile {level}/{n} is missing or short")
        self.level, self.n = level, n


@dataclass(slots=True)
class Frontier:
    """The right edge of a growing tree: its last tile of each level, which is never a full one."""

    size: int = 0
    edge: list[bytes] = field(default_factory=list)

    @classmethod
    def of(cls, size: int, read: ReadTile) -> "Frontier":
        """The edge of the tree of this size."""
        edge, count = [], size
        level = 0
        while count:
            n, width = divmod(count, WIDTH)
            edge.append(_part(read, level, n, width) if width else b"")
            level, count = level + 1, n
        return cls(size, edge)

    def grow(self, leaves: Iterable[bytes]) -> dict[tuple[int, int], bytes]:
        """Append leaf hashes; every tile that has changed, by (level, n)."""
        changed: dict[tuple[int, int], bytes] = {}
        for one in leaves:
            self._add(0, self.size, one, changed)
            self.size += 1
        return changed

    def _add(self, level: int, index: int, value: bytes, changed: dict[tuple[int, int], bytes]) -> None:
        if level == len(self.edge):
            self.edge.append(b"")
        tile = self.edge[level] + value
        changed[level, index // WIDTH] = tile
        if len(tile) < WIDTH * HASH_BYTES:
            self.edge[level] = tile
            return
        self.edge[level] = b""
        self._add(level + 1, index // WIDTH, _complete(_hashes(tile)), changed)

    def root(self) -> bytes:
        """The root of the whole tree."""
        found: bytes | None = None
        for tile in self.edge:
            hashes = _hashes(tile)
            while hashes:
                width = 1 << (len(hashes) & -len(hashes)).bit_length() - 1
                part = _complete(hashes[-width:])
                found = part if found is None else node_hash(part, found)
                hashes = hashes[:-width]
        return EMPTY_ROOT if found is None else found


def _part(read: ReadTile, level: int, n: int, width: int) -> bytes:
    tile = read(level, n)[: width * HASH_BYTES]
    if len(tile) != width * HASH_BYTES:
        raise TileMissing(level, n)
    return tile
