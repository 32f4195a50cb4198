"""Idempotency-Key: a request that is repeated has one effect and one answer (contract.md, settled.md 3 and 28).

Scope: client, holder or none, method and path. `pg_try_advisory_xact_lock` on its hash: not got means that the first
one is still running (409). 2xx and 402 are stored, in the transaction of their effect; any other answer leaves the key
free, because it is raised and takes its row along.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from celery import shared_task
from django.db import connection

from privacy.crypto import marks
from privacy.crypto.keyring import Cell, keyring
from wallet.core import clock
from wallet.core.errors import Kind, WalletError
from wallet.core.models import IdempotencyKey, answer_version
from wallet.core.transactions import needs_transaction

_KEPT = timedelta(days=30)
_MAX_LENGTH = 255
_BODY = ("idempotency", "body")


class KeyMissing(WalletError):
    """A POST that creates or moves something came without its key."""

    kind = Kind.UNREADABLE
    slug = "idempotency-key-missing"
    title = "This request needs an Idempotency-Key header"


class KeyUnreadable(WalletError):
    """The header is not 1 to 255 visible ASCII characters, bare or as a quoted string."""

    kind = Kind.UNREADABLE
    slug = "idempotency-key-unreadable"
    title = "The Idempotency-Key header cannot be read"


class KeyReused(WalletError):
    """The same key came with another body."""

    kind = Kind.INVALID
    slug = "idempotency-key-reused"
    title = "This Idempotency-Key was used with another body"


class StillRunning(WalletError):
    """The first request with this key has not ended yet."""

    kind = Kind.CONFLICT
    slug = "idempotency-key-in-use"
    title = "A request with this Idempotency-Key is still running"


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose key it is, and for what."""

    client: str
    holder_id: str
    method: str
    path: str

    def digest(self, key: str) -> bytes:
        """The row's name: SHA-256 over the length-prefixed parts."""
        parts = (self.client, self.holder_id, self.method, self.path, key)
        return hashlib.sha256(b"".join(len(p.encode()).to_bytes(8, "little") + p.encode() for p in parts)).digest()


def read_key(header: str | None) -> str:
    """The key, bare or unquoted.

    Raises:
        KeyMissing: no header.
        KeyUnreadable: empty, too long, or not visible ASCII.
    """
    if header is None:
        raise KeyMissing
    key = header.strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if not 0 < len(key) <= _MAX_LENGTH or any(not 0x20 <= ord(c) < 0x7F for c in key):  # noqa: PLR2004 - ASCII's bounds
        raise KeyUnreadable
    return key


@needs_transaction
def once(
    *,
    scope: Scope,
    key: str,
    body: Any,
    effect: Callable[[], dict[str, Any]],
    is_stored: Callable[[dict[str, Any]], bool],
) -> tuple[dict[str, Any], bool]:
    """Run the effect once for this key; returns its answer and whether it was replayed.

    Args:
        scope: whose key it is.
        key: what `read_key` read.
        body: the parsed body of the request; hashed in canonical form under a key of our own.
        effect: does the work in the open transaction and returns the answer as JSON values.
        is_stored: whether this answer is kept; the others leave the key free.

    Raises:
        StillRunning: another transaction holds the key.
        KeyReused: the key was used with another body.
    """
    digest = scope.digest(key)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [int.from_bytes(digest[:8], "big", signed=True)])
        (got,) = cursor.fetchone()
    if not got:
        raise StillRunning(retry_after=1)
    row = IdempotencyKey.objects.filter(scope=digest).first()
    if row is not None and row.created_at > clock.now() - _KEPT:
        if not marks.is_same(bytes(row.body_hash), *_BODY, value=_canonical(body)):
            raise KeyReused
        answer: dict[str, Any] = orjson.loads(
            keyring.open(bytes(row.answer), cell=_cell(row.scope, scope, row.created_at), keys="life")
        )
        return answer, True
    answer = effect()
    if is_stored(answer):
        now = clock.now()
        sealed = keyring.seal(orjson.dumps(answer), cell=_cell(digest, scope, now), keys="life")
        if row is not None:
            row.delete()
        IdempotencyKey.objects.create(
            scope=digest, holder_id=scope.holder_id, body_hash=_body_hash(body), answer=sealed, created_at=now
        )
    return answer, False


def _cell(digest: bytes | memoryview, scope: Scope, at: datetime) -> Cell:
    return Cell("wallet_idempotencykey", "answer", bytes(digest).hex(), scope.holder_id, answer_version(at))


def _body_hash(body: Any) -> bytes:
    return marks.mark(*_BODY, value=_canonical(body))


def _canonical(body: Any) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def forget_holder(holder_id: str) -> None:
    """Delete a holder's stored answers (erasure)."""
    IdempotencyKey.objects.filter(holder_id=holder_id).delete()


@shared_task(name="wallet.core.idempotency.purge")
def purge() -> int:
    """Delete what is older than 30 days; returns how many rows."""
    deleted, _ = IdempotencyKey.objects.filter(created_at__lt=clock.now() - _KEPT).delete()
    return deleted
