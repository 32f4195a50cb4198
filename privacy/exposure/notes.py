"""Signed checkpoints: C2SP tlog-checkpoint in a C2SP signed note, Ed25519, with a key of the log's own root."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from privacy.crypto.keyring import KeyUnavailable, keyring

_LABELS: Final = ("checkpoint", "ed25519")
#: Signature types of C2SP: our own, and a witness's with the time at which it looked.
ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
_KEY_ID_BYTES = 4


class NoteInvalid(Exception):
    """A checkpoint that is not one, or that none of the given keys has signed."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree of one log, as its checkpoint says it."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A key that signs checkpoints: `name+id+base64(type | public key)`."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """Four bytes that find the key of a signature line."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes((self.kind,)) + self.public).digest()[:_KEY_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_text(bytes((self.kind,)) + self.public)}"

    @classmethod
    def parse(cls, line: str) -> "VerifierKey":
        """Read a verifier key.

        Raises:
            NoteInvalid: it is none, or of a type that we do not know.
        """
        name, _plus, rest = line.partition("+")
        try:
            raw = base64.b64decode(rest.partition("+")[2], validate=True)
        except ValueError:
            raise NoteInvalid("not a verifier key") from None
        key = cls(name, raw[0] if raw else 0, raw[1:])
        if str(key) != line or key.kind not in {ED25519, COSIGNATURE} or len(key.public) != 32:  # noqa: PLR2004 - Ed25519's
            raise NoteInvalid("not a verifier key")
        return key

    def has_signed(self, text: str, signature: bytes) -> bool:
        """Whether a signature line's bytes are this key's over a note's text."""
        message = text.encode()
        if self.kind == COSIGNATURE:
            time, signature = int.from_bytes(signature[:8], "big"), signature[8:]
            message = f"cosignature/v1\ntime {time}\n".encode() + message
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


def own_keys() -> list[VerifierKey]:
    """The keys that sign or have signed this log's checkpoints, the present one last."""
    found = []
    for version in range(1, keyring.current_version("log") + 1):
        try:
            found.append(_verifier(version))
        except KeyUnavailable:
            continue  # a root of long ago, thrown away
    return found


def sign(checkpoint: Checkpoint) -> str:
    """The signed note of a checkpoint."""
    version = keyring.current_version("log")
    text = body_of(checkpoint)
    return f"{text}\n{signature_line(_verifier(version), _private(version).sign(text.encode()))}"


def body_of(checkpoint: Checkpoint) -> str:
    """What is signed."""
    return f"{settings.LOG_ORIGIN}\n{checkpoint.size}\n{_text(checkpoint.root)}\n"


def signature_line(key: VerifierKey, signature: bytes) -> str:
    """One line under a note."""
    return f"\N{EM DASH} {key.name} {_text(key.id + signature)}\n"


def read(note: str) -> Checkpoint:
    """What a checkpoint of this log says; its signatures are not looked at.

    Raises:
        NoteInvalid: it is none of this log.
    """
    body, _blank, _signatures = note.partition("\n\n")
    try:
        origin, size, root = body.split("\n")
        found = Checkpoint(int(size), base64.b64decode(root, validate=True))
    except ValueError:
        raise NoteInvalid("not a checkpoint") from None
    if f"{body}\n" != body_of(found) or origin != settings.LOG_ORIGIN:
        raise NoteInvalid("not a checkpoint of this log")
    return found


def verify(note: str, keys: list[VerifierKey]) -> Checkpoint:
    """What a checkpoint of this log says, if one of these keys has signed it.

    Raises:
        NoteInvalid: none has, or one of them has not signed what stands under its name.
    """
    checkpoint = read(note)
    signed = signatures(note, keys)
    if not signed:
        raise NoteInvalid("none of the keys has signed")
    return checkpoint


def signatures(note: str, keys: list[VerifierKey]) -> list[tuple[VerifierKey, str]]:
    """The lines of a note that these keys have signed; lines of others are passed over.

    Raises:
        NoteInvalid: a line names one of the keys and is not its signature.
    """
    body, _blank, lines = note.partition("\n\n")
    found = []
    for line in lines.splitlines(keepends=True):
        dash, _space, rest = line.rstrip("\n").partition(" ")
        name, _space, encoded = rest.rpartition(" ")
        try:
            raw = base64.b64decode(encoded, validate=True)
        except ValueError:
            raise NoteInvalid("not a signature") from None
        for key in keys:
            if dash == "\N{EM DASH}" and (key.name, key.id) == (name, raw[:_KEY_ID_BYTES]):
                if not key.has_signed(f"{body}\n", raw[_KEY_ID_BYTES:]):
                    raise NoteInvalid("a signature does not hold")
                found.append((key, line))
    return found


def _verifier(version: int) -> VerifierKey:
    return VerifierKey(settings.LOG_ORIGIN, ED25519, _private(version).public_key().public_bytes_raw())


def _private(version: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(keyring.derive("log", *_LABELS, version=version).reveal())


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
