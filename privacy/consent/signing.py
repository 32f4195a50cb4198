"""Documents that a person takes home: JSON signed with Ed25519, checkable offline by anybody who has the key.

Shape: `{"<name>": facts, "signature": {algorithm, key_version, public_key, value}}`. Signed is the context (one for
each sort of document, so that none can be taken for another) and the facts as canonical JSON: UTF-8, sorted members,
no spaces, whole numbers. The keys come from the keyring's log root and no other.
"""

import base64
from typing import Any, Final

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from privacy.crypto.keyring import keyring


class DocumentInvalid(Exception):
    """The document was not signed by us, or was changed since."""


class Signer:
    """Signs one sort of document."""

    def __init__(self, name: str, *labels: str, context: bytes) -> None:
        self.name: Final = name
        self._labels: Final = labels
        self._context: Final = context

    def sign(self, facts: dict[str, Any]) -> bytes:
        """The facts with the key and the signature over their canonical form."""
        version = keyring.current_version("log")
        key = self._key(version)
        signed = {
            self.name: facts,
            "signature": {
                "algorithm": "Ed25519",
                "key_version": version,
                "public_key": _text(key.public_key().public_bytes_raw()),
                "value": _text(key.sign(self._context + canonical(facts))),
            },
        }
        return orjson.dumps(signed, option=orjson.OPT_INDENT_2)

    def verify(self, document: bytes, *, public_key: bytes | None = None) -> dict[str, Any]:
        """The facts, checked against the given key, or against ours of the version that the document names.

        Raises:
            DocumentInvalid: not signed by that key, or changed since.
        """
        try:
            signed = orjson.loads(document)
            facts: dict[str, Any] = signed[self.name]
            signature = base64.b64decode(signed["signature"]["value"], validate=True)
            expected = public_key or self.public_key(int(signed["signature"]["key_version"]))
            Ed25519PublicKey.from_public_bytes(expected).verify(signature, self._context + canonical(facts))
        except (InvalidSignature, ValueError, KeyError, TypeError):
            raise DocumentInvalid from None
        return facts

    def public_keys(self) -> list[dict[str, Any]]:
        """Every public key that a document of this sort may be signed with, as `keys.json` names them."""
        return [
            {
                "document": self.name,
                "key_version": version,
                "algorithm": "Ed25519",
                "public_key": _text(self.public_key(version)),
            }
            for version in range(1, keyring.current_version("log") + 1)
        ]

    def public_key(self, version: int) -> bytes:
        """The public half of one version."""
        return self._key(version).public_key().public_bytes_raw()

    def _key(self, version: int) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(keyring.derive("log", *self._labels, version=version).reveal())


def canonical(facts: Any) -> bytes:
    """The bytes that are signed."""
    return orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
