"""Consent receipts: JSON signed with Ed25519, given to the holder, checkable by anybody who has the key.

The signing key comes from the keyring's log root and no other; its version stands in the receipt.
"""

import base64
from typing import Any, Final

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from privacy.crypto.keyring import keyring

_LABELS: Final = ("consent", "receipt", "ed25519")
#: Signed before the receipt's bytes: no other thing that a key of ours signs can be taken for a receipt.
_CONTEXT: Final = b"paravent/consent-receipt/v1\0"


class ReceiptInvalid(Exception):
    """The receipt was not signed by us, or was changed since."""


def sign(facts: dict[str, Any]) -> bytes:
    """The receipt as a JSON document: the facts, the key and the signature over the facts' canonical form."""
    version = keyring.current_version("log")
    key = _key(version)
    signature = key.sign(_CONTEXT + _canonical(facts))
    signed = {
        "receipt": facts,
        "signature": {
            "algorithm": "Ed25519",
            "key_version": version,
            "public_key": _text(key.public_key().public_bytes_raw()),
            "value": _text(signature),
        },
    }
    return orjson.dumps(signed, option=orjson.OPT_INDENT_2)


def verify(document: bytes, *, public_key: bytes | None = None) -> dict[str, Any]:
    """The facts of a receipt, checked against the given key, or against ours of the version that it names.

    Raises:
        ReceiptInvalid: not signed by that key, or changed since.
    """
    try:
        signed = orjson.loads(document)
        facts: dict[str, Any] = signed["receipt"]
        signature = base64.b64decode(signed["signature"]["value"], validate=True)
        expected = public_key or _key(int(signed["signature"]["key_version"])).public_key().public_bytes_raw()
        Ed25519PublicKey.from_public_bytes(expected).verify(signature, _CONTEXT + _canonical(facts))
    except (InvalidSignature, ValueError, KeyError, TypeError):
        raise ReceiptInvalid from None
    return facts


def _key(version: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(keyring.derive("log", *_LABELS, version=version).reveal())


def _canonical(facts: dict[str, Any]) -> bytes:
    return orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
