"""What the log says that is about nobody; rooms above commit to their own state with it."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from privacy.exposure import tree
from privacy.exposure.leaves import statement_leaf
from privacy.exposure.merkle import HASH_BYTES, WIDTH, leaf_hash
from privacy.exposure.models import LogStatement
from wallet.core.transactions import needs_transaction

_R_BYTES = 32


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, as it was committed to."""

    id: int
    said: Mapping[str, str | int]
    at: datetime
    leaf_index: int | None
    #: Whether its leaf is made of it and stands in the tree at its place.
    is_kept: bool


@needs_transaction
def commit(*, kind: str, said: Mapping[str, str | int]) -> None:
    """Commit the log to this: nobody reads it there, and nobody can say later that it was something else."""
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT exposure_state(%s, %s, %s)", [kind, text, os.urandom(_R_BYTES)])


def find_last(kind: str) -> Mapping[str, str | int] | None:
    """What was committed to last."""
    text = LogStatement.objects.filter(kind=kind).order_by("-id").values_list("text", flat=True).first()
    return None if text is None else dict(json.loads(text))


def list_all(kind: str) -> list[Statement]:
    """All of one kind, the oldest first, each compared with the log."""
    return [_compared(row) for row in LogStatement.objects.filter(kind=kind).order_by("id")]


def _compared(row: LogStatement) -> Statement:
    return Statement(row.id, dict(json.loads(row.text)), row.at, row.leaf_index, _is_kept(row))


def _is_kept(row: LogStatement) -> bool:
    if row.leaf_index is None:
        return True
    leaf = statement_leaf(at=row.at, text=row.text, r=None if row.r is None else bytes(row.r))
    n, place = divmod(row.leaf_index, WIDTH)
    return tree.read_tile(0, n)[place * HASH_BYTES : (place + 1) * HASH_BYTES] == leaf_hash(leaf)
