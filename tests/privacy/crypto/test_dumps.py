"""Keys that were moved, and a dump of everything without the key-encryption key: nothing opens."""

import base64
import binascii
import contextlib
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import ProgrammingError, connection

from privacy.crypto import aead
from privacy.crypto.aead import Cell, DecryptionFailed
from privacy.crypto.datakeys import _context
from privacy.crypto.keyring import keyring
from privacy.crypto.models import DataKey
from tests import environment
from tests.privacy.crypto import backups
from tests.privacy.crypto.tampering import opens
from tests.privacy.crypto.wallet_rows import Cast, SealedCell

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_wrapped_key_in_another_row_opens_and_seals_nothing(
    cast: Cast, cells: list[SealedCell], superuser: psycopg.Connection
):
    """Break: leave id, holder and class out of `datakeys._context`: alice's new values are under bob's key."""
    rows = superuser.execute(
        "SELECT id, holder_id, key_class, branch_id, wrapped FROM privacy_datakey"
        " WHERE holder_id = ANY(%s) OR key_class = 'service'",
        [[cast.alice.id, cast.bob.id]],
    ).fetchall()
    assert len(rows) >= 5
    with pytest.raises(ProgrammingError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute("UPDATE privacy_datakey SET wrapped = wrapped WHERE id = %s", [rows[0][0]])
    put = "UPDATE privacy_datakey SET branch_id = %s, wrapped = %s WHERE id = %s"
    by_key = {cell.stored[2:18]: cell for cell in cells}
    for key_id, holder_id, keys, branch, wrapped in rows:
        for *_, other_branch, other in [row for row in rows if row[0] != key_id]:
            superuser.execute(put, [other_branch, other, key_id])
            keyring.stop()
            try:
                assert opens(by_key[key_id.bytes]) is None
                with pytest.raises(DecryptionFailed):
                    keyring.seal(b"x", cell=Cell("t", "c", "1", holder_id), keys=keys)
            finally:
                superuser.execute(put, [branch, wrapped, key_id])
    keyring.stop()
    assert None not in [opens(cell) for cell in by_key.values()]


def test_a_dump_of_everything_and_no_key_encryption_key_opens_nothing(cells: list[SealedCell], tmp_path: Path):
    """Every value of pg_dump that could be a key is tried as one, on wrapped keys and on cells.

    Seen to fail with a branch key and a data key beside the dump: `real`.
    """
    text = backups.as_text(backups.dump(environment.DATABASE, tmp_path / "dump"))
    assert b"privacy_datakey" in text
    # A merchant's name stands in the register of recipients, which is nobody's.
    assert set(re.findall(rb"Canary-\w+-(\w+)-", text)) == {b"shop"}
    candidates = _key_like(text)
    assert len(candidates) > 500
    targets = _one_under_each_key([cell for cell in cells if cell.is_model])
    assert _opened_by(candidates, targets) == 0
    branch, data_key = real = _real_keys(targets[0])
    assert _opened_by(set(real), targets) >= 2
    for leaked in (branch.hex().encode(), base64.b64encode(data_key), b"\\\\x01" + data_key.hex().encode()):
        assert set(real) & _key_like(text + b"\t" + leaked)


def _one_under_each_key(cells: list[SealedCell]) -> list[SealedCell]:
    return list({cell.stored[2:18]: cell for cell in cells}.values())


def _opened_by(candidates: Iterable[bytes], targets: list[SealedCell]) -> int:
    """How many wrapped keys and values these keys open."""
    rows = [DataKey.objects.get(pk=UUID(bytes=target.stored[2:18])) for target in targets]
    wrapped = [(bytes(row.wrapped), _context_of(row)) for row in rows]
    sealed = [(target.stored, target.cell) for target in targets]
    opened = 0
    for cipher in map(AESGCM, candidates):
        for blob, context in wrapped:
            with contextlib.suppress(DecryptionFailed):
                opened += bool(aead.unwrap(cipher, wrapped=blob, context=context))
        for value, cell in sealed:
            with contextlib.suppress(DecryptionFailed):
                opened += bool(aead.open_sealed(cipher, sealed=value, cell=cell))
    return opened


def _real_keys(target: SealedCell) -> tuple[bytes, bytes]:
    """The branch key and the data key that this value is under, as only a running process has them."""
    row = DataKey.objects.get(pk=UUID(bytes=target.stored[2:18]))
    held = keyring._started().trunk._branches[row.branch_id]
    return held.key.reveal(), aead.unwrap(held.cipher, wrapped=bytes(row.wrapped), context=_context_of(row))


def _context_of(row: DataKey) -> bytes:
    return _context(row.id, row.holder_id, row.key_class, row.version, row.branch_id)


def _key_like(text: bytes) -> set[bytes]:
    """Every run of 32 bytes that a dump's binary or text values start or end with, and what their texts encode."""
    found: set[bytes] = set()
    for word in set(re.split(rb"[\s,'\"{}]+", text)):
        values = [word]
        if word.startswith(b"\\\\x"):
            values.append(bytes.fromhex(word[3:].decode()))
        for decode in (bytes.fromhex, lambda one: base64.b64decode(one + "==", altchars="-_")):
            try:
                values.append(decode(word.decode()))
            except (ValueError, binascii.Error):
                continue
        for value in values:
            found |= {value[:32], value[-32:], value[13:45], value[1:33]} if len(value) >= 32 else set()
            found.add(hashlib.sha256(value).digest())
    return {one for one in found if len(one) == 32}
