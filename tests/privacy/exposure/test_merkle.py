"""The tree against the vectors of RFC 6962's own implementation, and against the definition."""

import random

import pytest

from privacy.exposure.merkle import EMPTY_ROOT, WIDTH, Frontier, Tree, leaf_hash, node_hash

#: The leaves, roots and proofs of certificate-transparency's merkle_tree_test.
LEAVES = [
    bytes.fromhex(one)
    for one in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
PATHS = {
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
}
CONSISTENCY = {
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


def grown(hashes: list[bytes], *steps: int) -> tuple[Frontier, Tree]:
    store: dict[tuple[int, int], bytes] = {}
    frontier = Frontier()
    at = 0
    for step in (*steps, len(hashes)):
        store |= frontier.grow(hashes[at : at + step])
        at += step
    return frontier, Tree(lambda level, n: store.get((level, n), b""))


def defined(hashes: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, word for word."""
    if len(hashes) < 2:
        return hashes[0] if hashes else EMPTY_ROOT
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return node_hash(defined(hashes[:k]), defined(hashes[k:]))


def test_roots_and_proofs_are_those_of_the_published_vectors() -> None:
    """V06. Break: hash nodes without their 0x01."""
    hashes = [leaf_hash(leaf) for leaf in LEAVES]
    _frontier, tree = grown(hashes)
    assert [tree.root(size).hex() for size in range(1, 9)] == ROOTS
    assert tree.root(0) == EMPTY_ROOT
    for (index, size), path in PATHS.items():
        assert [one.hex() for one in tree.inclusion(index, size)] == path
    for (old, size), proof in CONSISTENCY.items():
        assert [one.hex() for one in tree.consistency(old, size)] == proof
    assert tree.consistency(0, 8) == tree.consistency(8, 8) == []


@pytest.mark.parametrize("size", [1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 66_000])
def test_a_tree_grown_in_any_steps_has_the_root_of_the_definition(size: int) -> None:
    """Break: put a tile's root into the next level before the tile is full."""
    chance = random.Random(size)  # noqa: S311 - chances, no secret
    hashes = [chance.randbytes(32) for _ in range(size)]
    frontier, tree = grown(hashes, *[chance.randint(1, 400) for _ in range(20)])
    assert frontier.root() == tree.root(size) == defined(hashes)
    again = Frontier.of(size, tree.read)
    again.grow(hashes[:3])
    assert again.root() == defined(hashes + hashes[:3])
    smaller = chance.randint(1, size)
    assert tree.root(smaller) == defined(hashes[:smaller])


def test_a_proof_reads_a_few_tiles_of_a_large_tree() -> None:
    hashes = [leaf_hash(number.to_bytes(4, "big")) for number in range(70_000)]
    _frontier, tree = grown(hashes)
    read: list[tuple[int, int]] = []

    def counting(level: int, n: int) -> bytes:
        read.append((level, n))
        return tree.read(level, n)

    assert len(Tree(counting).inclusion(12_345, 69_999)) == 17
    assert len(read) <= 6
    assert WIDTH == 256
