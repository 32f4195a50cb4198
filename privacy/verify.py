"""Check downloaded proofs of the exposure log, offline: `python verify.py PROOF… --key KEY [--body FILE] [--json]`.

Needs Python 3.11 and the package `cryptography`, nothing of Paravent. KEY is a file with what the wallet's `/log/key`
serves; keep it, and compare it with others'. PROOF is a `c2sp.org/tlog-proof@v1` file. With several proofs their chain
is checked too: consecutive numbers from 1 on are all that was ever written down about you until then.

Exit code 0 only if everything holds; otherwise the first thing that does not is named. It is stricter than C2SP: every
byte counts, base64 is canonical, and every signature is by a key in KEY.
"""

import argparse
import base64
import binascii
import hashlib
import hmac
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "c2sp.org/tlog-proof@v1"
HASH_BYTES = 32
LEAF_BYTES = 37
EXPOSURE = 1
ED25519, COSIGNATURE = 0x01, 0x04
_KEY_ID_BYTES = 4
_SIZES = {ED25519: 64, COSIGNATURE: 72}
_MOST_HASHES = 63


class Refused(Exception):
    """What does not hold, in words."""


@dataclass(frozen=True)
class Key:
    """A line of KEY."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """What a signature line names it by."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes((self.kind,)) + self.public).digest()[:_KEY_ID_BYTES]


@dataclass(frozen=True)
class Proof:
    """A proof that holds."""

    index: int
    size: int
    counter: int
    previous: bytes
    leaf: bytes
    record: dict[str, Any]
    signed_by: tuple[str, ...]
    #: Who else has seen this very log, and when.
    witnesses: tuple[tuple[str, str], ...]


def canonical_base64(text: str, what: str) -> bytes:
    """The bytes of base64 that is written in the one right way."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused(f"{what}: not base64") from None
    if base64.b64encode(raw).decode() != text:
        raise Refused(f"{what}: base64 that is not canonical")
    return raw


def decimal(text: str, what: str) -> int:
    """A number as C2SP writes it: digits, no sign, no leading zero."""
    if not (text.isascii() and text.isdigit()) or len(text) > 18 or (text != "0" and text.startswith("0")):  # noqa: PLR2004 - fits 64 bits
        raise Refused(f"{what}: not a plain number")
    return int(text)


def read_keys(text: str) -> list[Key]:
    """The keys, one a line."""
    if not text.endswith("\n"):
        raise Refused("key file: its last line does not end")
    keys = []
    for number, line in enumerate(text[:-1].split("\n"), 1):
        what = f"key file, line {number}"
        name, _plus, rest = line.partition("+")
        hexadecimal, _plus, encoded = rest.partition("+")
        raw = canonical_base64(encoded, what)
        key = Key(name, raw[0] if raw else 0, raw[1:])
        if not name or key.kind not in _SIZES or len(key.public) != HASH_BYTES:
            raise Refused(f"{what}: not an Ed25519 verifier key")
        if hexadecimal != key.id.hex():
            raise Refused(f"{what}: its id does not belong to its name and key")
        keys.append(key)
    return keys


def verify(text: str, keys: list[Key]) -> Proof:
    """What the proof proves.

    Raises:
        Refused: something does not hold.
    """
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if lines[0] != FORMAT:
        raise Refused(f"format: the first line is not {FORMAT}")
    if not blank:
        raise Refused("checkpoint: there is none")
    if len(lines) < 3 or not lines[1].startswith("extra ") or not lines[2].startswith("index "):  # noqa: PLR2004 - as C2SP counts
        raise Refused("format: the second line is not `extra`, or the third not `index`")
    index = decimal(lines[2].removeprefix("index "), "index")
    path = [_hash(line, f"path, hash {number}") for number, line in enumerate(lines[3:], 1)]
    if len(path) > _MOST_HASHES:
        raise Refused("path: too long for any log")
    counter, previous, record, leaf = _leaf(lines[1].removeprefix("extra "))
    size, root, signed_by, witnesses = _checkpoint(note, keys)
    if index >= size:
        raise Refused("index: the checkpoint's log is not that long")
    if root_of(leaf, index, size, path) != root:
        raise Refused("inclusion: record, r, counter, previous leaf, index and path do not lead to the signed root")
    return Proof(index, size, counter, previous, leaf, record, signed_by, witnesses)


def _hash(line: str, what: str) -> bytes:
    raw = canonical_base64(line, what)
    if len(raw) != HASH_BYTES:
        raise Refused(f"{what}: not 32 bytes")
    return raw


def _leaf(extra: str) -> tuple[int, bytes, dict[str, Any], bytes]:
    """Counter, previous leaf, record and the leaf that they make."""
    raw = canonical_base64(extra, "extra")
    try:
        text = raw.decode()
        said = json.loads(text)
        if json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False) != text:
            raise Refused("extra: its JSON is not canonical")
        if set(said) != {"counter", "previous", "r", "record"}:
            raise Refused("extra: it does not hold counter, previous, r and record")
        counter, canonical = said["counter"], str(said["record"])
        record = json.loads(canonical)
        at = datetime.fromisoformat(record["at"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Refused("extra: it cannot be read") from None
    r, previous = (
        canonical_base64(str(said["r"]), "extra, r"),
        canonical_base64(str(said["previous"]), "extra, previous"),
    )
    if type(counter) is not int or not 0 < counter < 1 << 63 or len(r) != HASH_BYTES or len(previous) != LEAF_BYTES:
        raise Refused("extra: counter, r or previous leaf has not its shape")
    hour = (int(at.timestamp()) // 3600).to_bytes(4, "big")
    message = counter.to_bytes(8, "big") + previous + hashlib.sha256(canonical.encode()).digest()
    return counter, previous, record, bytes((EXPOSURE,)) + hour + hmac.digest(r, message, "sha256")


def _checkpoint(note: str, keys: list[Key]) -> tuple[int, bytes, tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Size and root of a checkpoint, and who has signed it."""
    body, blank, signatures = note.partition("\n\n")
    lines = body.split("\n")
    if not blank or len(lines) != 3 or not lines[0]:  # noqa: PLR2004 - origin, size, root
        raise Refused("checkpoint: it is not origin, size, root and signatures")
    size, root = decimal(lines[1], "checkpoint, size"), _hash(lines[2], "checkpoint, root")
    if not signatures.endswith("\n"):
        raise Refused("checkpoint: its last signature does not end")
    signed_by: list[str] = []
    witnesses: list[tuple[str, str]] = []
    seen: set[tuple[str, bytes]] = set()
    for number, line in enumerate(signatures[:-1].split("\n"), 1):
        key, time = _signature(line, f"signature {number}", f"{body}\n", keys)
        if (key.name, key.id) in seen:
            raise Refused(f"signature {number}: the same key again")
        seen.add((key.name, key.id))
        if key.kind == COSIGNATURE:
            witnesses.append((key.name, datetime.fromtimestamp(time, UTC).isoformat()))
        elif key.name == lines[0]:
            signed_by.append(key.name)
        else:
            raise Refused(f"signature {number}: by the key of another log")
    if not signed_by:
        raise Refused("checkpoint: the log itself has not signed it")
    return size, root, tuple(signed_by), tuple(witnesses)


def _signature(line: str, what: str, body: str, keys: list[Key]) -> tuple[Key, int]:
    dash, _space, rest = line.partition(" ")
    name, _space, encoded = rest.rpartition(" ")
    if dash != "\N{EM DASH}" or not name:
        raise Refused(f"{what}: not a signature line")
    raw = canonical_base64(encoded, what)
    key = next((one for one in keys if (one.name, one.id) == (name, raw[:_KEY_ID_BYTES])), None)
    if key is None:
        raise Refused(f"{what}: by no key of the key file")
    signature, message, time = raw[_KEY_ID_BYTES:], body.encode(), 0
    if len(signature) != _SIZES[key.kind]:
        raise Refused(f"{what}: not the length of a signature")
    if key.kind == COSIGNATURE:
        time, signature = int.from_bytes(signature[:8], "big"), signature[8:]
        message = f"cosignature/v1\ntime {time}\n".encode() + message
        if not 0 < time < 1 << 40:
            raise Refused(f"{what}: at no time")
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
    except InvalidSignature:
        raise Refused(f"{what}: it does not hold") from None
    return key, time


def root_of(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that a leaf and its path lead to (RFC 9162, 2.1.3.2).

    Raises:
        Refused: the path has not the length that index and size ask for.
    """
    found = hashlib.sha256(b"\x00" + leaf).digest()
    here, last = index, size - 1
    for one in path:
        if last == 0:
            raise Refused("path: too long")
        if here & 1 or here == last:
            found = hashlib.sha256(b"\x01" + one + found).digest()
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\x01" + found + one).digest()
        here, last = here >> 1, last >> 1
    if last:
        raise Refused("path: too short")
    return found


def verify_chain(proofs: list[Proof]) -> None:
    """Whether the proofs follow each other without a gap.

    Raises:
        Refused: one is missing, or does not follow the one before.
    """
    ordered = sorted(proofs, key=lambda one: one.counter)
    if len({one.record.get("holder") for one in ordered}) > 1:
        raise Refused("chain: the proofs are about different people")
    for before, one in zip([None, *ordered], ordered, strict=False):
        expected = bytes(LEAF_BYTES) if before is None and one.counter == 1 else before.leaf if before else one.previous
        if before is not None and one.counter != before.counter + 1:
            raise Refused(f"chain: number {before.counter + 1} is missing")
        if one.previous != expected:
            raise Refused(f"chain: number {one.counter} does not follow the one before")


def main() -> int:
    """Check, say, and exit."""
    parser = argparse.ArgumentParser(description="Check proofs of the exposure log offline.")
    parser.add_argument("proofs", nargs="+", metavar="PROOF", type=Path)
    parser.add_argument("--key", required=True, type=Path, help="what the wallet's /log/key serves")
    parser.add_argument("--body", type=Path, help="the bytes of the exposure, to be compared with what was proved")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    place = options.key
    try:
        keys = read_keys(_text(options.key))
        found: list[Proof] = []
        for place in options.proofs:
            found += [verify(_text(place), keys)]
        if options.body:
            place = options.body
            _compare(place.read_bytes(), found[0])
        place = options.proofs[0].parent
        verify_chain(found)
    except Refused as refused:
        if options.json:
            print(json.dumps({"ok": False, "file": str(place), "fault": str(refused)}))  # noqa: T201 - a script
        print(f"{place}: REFUSED: {refused}", file=sys.stderr)  # noqa: T201 - a script
        return 1
    except OSError as error:
        print(f"{place}: cannot be read: {error.strerror}", file=sys.stderr)  # noqa: T201 - a script
        return 1
    if options.json:
        print(json.dumps({"ok": True, "proofs": [_as_json(one) for one in found]}))  # noqa: T201 - a script
    else:
        for one in found:
            print(_sentence(one))  # noqa: T201 - a script
    return 0


def _compare(body: bytes, proof: Proof) -> None:
    if hashlib.sha256(body).hexdigest() != proof.record.get("kept"):
        raise Refused("body: not the bytes that were written down")


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError:
        raise Refused("it is not UTF-8") from None


def _as_json(one: Proof) -> dict[str, Any]:
    return {
        "index": one.index, "size": one.size, "counter": one.counter, "record": one.record,
        "signed_by": list(one.signed_by), "witnesses": [{"name": name, "at": at} for name, at in one.witnesses],
    }  # fmt: skip


def _sentence(one: Proof) -> str:
    record = one.record
    seen = ", ".join(f"{name} at {at}" for name, at in one.witnesses) or "nobody else: not witnessed"
    return (
        f"HOLDS: {record['id']}, number {one.counter} of {record['holder']}\n"
        f"  on {record['at']} {record['recipient']['name']} ({record['recipient']['kind']}) got "
        f"{', '.join(record['fields'])}; SHA-256 {record['digest']}\n"
        f"  leaf {one.index} of {one.size}, signed by {', '.join(one.signed_by)}; seen by {seen}"
    )


if __name__ == "__main__":
    sys.exit(main())
