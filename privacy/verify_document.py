"""Check a consent receipt or an export offline: nothing but Python and `cryptography`, and nothing of ours.

    python verify_document.py receipt.json --keys paravent-keys.json

`--keys` is what the wallet serves at /.well-known/paravent-keys.json: fetch it once, from the wallet, and keep it. The
exit code is 0 only if the signature is the wallet's and nothing is missing; otherwise the first fault is named.
"""

import argparse
import base64
import hashlib
import hmac
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

#: Signed before the facts: a receipt cannot be taken for an export.
CONTEXTS = {"receipt": b"paravent/consent-receipt/v1\0", "export": b"paravent/export/v1\0"}
LEAF_BYTES = 37
#: What an exposure says in clear is what its record says, which the leaf is made of.
_AS_RECORDED = ("at", "fields", "schema", "purpose", "basis", "channel", "digest", "withheld")


class Faulty(Exception):
    """What does not hold."""


def check(document: bytes, keys: bytes) -> str:
    """What the document is, in a sentence.

    Raises:
        Faulty: it is not what the wallet signed, or parts of it are missing.
    """
    signed = _object(document, "the file")
    names = [name for name in CONTEXTS if name in signed]
    if len(names) != 1 or set(signed) != {names[0], "signature"}:
        raise Faulty("it is neither a receipt nor an export")
    name, facts, signature = names[0], signed[names[0]], signed["signature"]
    if not isinstance(facts, dict) or not isinstance(signature, dict):
        raise Faulty("it is not shaped as the wallet writes it")
    _check_signature(name, facts, signature, _object(keys, "the keys"))
    if name == "receipt":
        _check_receipt(facts)
        return f"receipt {facts['id']}: signed by this wallet, given {facts['given_at']}"
    count = _check_export(facts)
    _check_consents(facts, _object(keys, "the keys"))
    return f"export {facts['id']}: signed by this wallet, complete, {count} records, made {facts['made_at']}"


def _check_signature(name: str, facts: dict[str, Any], signature: dict[str, Any], keys: dict[str, Any]) -> None:
    version = signature.get("key_version")
    known = [
        one["public_key"]
        for one in keys.get("keys", [])
        if (one.get("document"), one.get("key_version"), one.get("algorithm")) == (name, version, "Ed25519")
    ]
    if len(known) != 1 or signature.get("algorithm") != "Ed25519":
        raise Faulty(f"the keys have none of version {version!r} for this")
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(known[0], validate=True))
        public.verify(base64.b64decode(signature["value"], validate=True), CONTEXTS[name] + canonical(facts))
    except (InvalidSignature, ValueError, KeyError, TypeError):
        raise Faulty("the signature is not the wallet's over these words") from None


def _check_receipt(facts: dict[str, Any]) -> None:
    if hashlib.sha256(_as_written(facts["document"])).hexdigest() != facts["document_sha256"]:
        raise Faulty("the document in it is not the one that was shown")


def _check_export(facts: dict[str, Any]) -> int:
    """Every kind is there, with as many records as were written, and with their digest."""
    contents, data = facts.get("contents", []), facts.get("data", {})
    if [one["kind"] for one in contents] != sorted(data):
        raise Faulty("a kind of data is missing, or there is one too many")
    for one in contents:
        records = data[one["kind"]]
        if len(records) != one["records"]:
            raise Faulty(f"{one['kind']} has {len(records)} records, and {one['records']} were written")
        if hashlib.sha256(canonical(records)).hexdigest() != one["sha256"]:
            raise Faulty(f"{one['kind']} is not what was written")
    _check_exposures(facts["holder"], data.get("exposures", []))
    return sum(one["records"] for one in contents)


def _check_consents(facts: dict[str, Any], keys: dict[str, Any]) -> None:
    """Each consent has its receipt, which says the same."""
    for one in facts["data"].get("consents", []):
        signed = _object(one["receipt"].encode(), f"the receipt of {one['id']}")
        receipt = signed.get("receipt")
        if not isinstance(receipt, dict):
            raise Faulty(f"{one['id']} has no receipt")
        _check_signature("receipt", receipt, signed["signature"], keys)
        _check_receipt(receipt)
        said = [receipt["id"], receipt["holder"], receipt["recipient"], receipt["field_classes"], receipt["document"]]
        if said != [one["id"], facts["holder"], one["recipient"], one["classes"], one["document"]]:
            raise Faulty(f"{one['id']} is not what its receipt says")


def _check_exposures(holder: str, exposures: list[dict[str, Any]]) -> None:
    """Each is its record and bytes, each sealed one its leaf; of the sealed ones none is missing."""
    for one in exposures:
        record = json.loads(one["record"])
        if (record["id"], record["holder"]) != (one["id"], holder):
            raise Faulty(f"{one['id']} has the record of another exposure")
        told = (one["recipient"]["kind"], one["recipient"]["id"], *(one[name] for name in _AS_RECORDED))
        recorded = (record["recipient"]["kind"], record["recipient"]["id"], *(record[name] for name in _AS_RECORDED))
        if told != recorded:
            raise Faulty(f"{one['id']} is not what its record says")
        if record["kept"] != hashlib.sha256(one["body"].encode()).hexdigest():
            raise Faulty(f"{one['id']} does not have the bytes that were written down")
    last, leaf = 0, bytes(LEAF_BYTES).hex()
    for one in sorted((one for one in exposures if one["leaf"] is not None), key=lambda one: int(one["counter"])):
        if one["counter"] != last + 1:
            raise Faulty(f"your exposure number {last + 1} is missing")
        if one["previous"] != leaf or _leaf(one) != one["leaf"]:
            raise Faulty(f"{one['id']} is not what stands in the log")
        last, leaf = one["counter"], one["leaf"]


def _leaf(one: dict[str, Any]) -> str:
    """The leaf that an exposure makes: `1 | hour(4) | HMAC(r, counter(8) | previous leaf | SHA-256(record))`."""
    record = str(one["record"])
    hour = int(datetime.fromisoformat(json.loads(record)["at"]).timestamp()) // 3600
    message = one["counter"].to_bytes(8, "big") + bytes.fromhex(one["previous"])
    made = hmac.digest(bytes.fromhex(one["r"]), message + hashlib.sha256(record.encode()).digest(), "sha256")
    return (b"\x01" + hour.to_bytes(4, "big") + made).hex()


def canonical(facts: Any) -> bytes:
    """UTF-8, sorted members, no spaces."""
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _as_written(document: Any) -> bytes:
    """As it was shown: in its own order."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _object(text: bytes, what: str) -> dict[str, Any]:
    try:
        read = json.loads(text)
    except ValueError:
        raise Faulty(f"{what} is no JSON") from None
    if not isinstance(read, dict):
        raise Faulty(f"{what} is no JSON object")
    return read


def main() -> int:
    """Read the arguments, check, say so."""
    parser = argparse.ArgumentParser(description="Check a consent receipt or an export offline.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--keys", type=Path, required=True, help="what /.well-known/paravent-keys.json served")
    given = parser.parse_args()
    try:
        said = check(given.file.read_bytes(), given.keys.read_bytes())
    except Faulty as faulty:
        sys.stderr.write(f"NOT VALID: {faulty}\n")
        return 1
    sys.stdout.write(f"valid: {said}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
