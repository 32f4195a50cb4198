"""Proofs as files: `c2sp.org/tlog-proof@v1`, which `privacy/verify.py` checks offline."""

import base64
import json
from typing import Final

from privacy.exposure import log, notes, records, tree, witnesses
from privacy.exposure.models import Exposure
from privacy.exposure.sealing import open_counter, open_previous

FORMAT: Final = "c2sp.org/tlog-proof@v1"


def proof_of(*, holder_id: str, exposure_id: str) -> str | None:
    """The proof of one of this holder's exposures; None until a published checkpoint holds it.

    Raises:
        NotFound: unknown, or another's.
    """
    row = log.get_row(holder_id=holder_id, exposure_id=exposure_id)
    head = tree.head()
    if row.leaf_index is None or not head.checkpoint or row.leaf_index >= head.checkpoint_size:
        return None
    note = _note(row.leaf_index, head.checkpoint)
    path = tree.tree().inclusion(row.leaf_index, notes.read(note).size)
    lines = [FORMAT, f"extra {_text(_extra(row))}", f"index {row.leaf_index}", *(_text(one) for one in path)]
    return "\n".join(lines) + "\n\n" + note


def _note(leaf_index: int, published: str) -> str:
    """The newest checkpoint that a witness has signed, if it holds the leaf; else the newest there is."""
    witnessed = witnesses.newest()
    if witnessed is not None and leaf_index < notes.read(witnessed).size:
        return witnessed
    return published


def _extra(row: Exposure) -> bytes:
    """What makes the leaf: record, r, the holder's counter and the leaf before."""
    who = {"exposure_id": row.id, "holder_id": row.holder_id}
    record = records.open_record(**who, sealed=bytes(row.record_sealed))
    made = {
        "counter": open_counter(**who, sealed=bytes(row.counter_sealed or b"")),
        "previous": _text(open_previous(**who, sealed=bytes(row.previous_sealed or b""))),
        "r": _text(record.r),
        "record": record.canonical.decode(),
    }
    return json.dumps(made, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
