"""The index root: every blind index computed again under a new one, stage by stage (`privacy.crypto.stages`)."""

# ruff: noqa: SLF001 - Django's `_meta` is documented.

from collections.abc import Iterator
from functools import partial
from typing import Final
from uuid import UUID

from django.apps import apps
from django.db import models

from privacy.crypto import aead
from privacy.crypto.aead import DecryptionFailed
from privacy.crypto.datakeys import KeyDestroyed
from privacy.crypto.indexcolumns import BlindIndexField
from privacy.crypto.keyring import keyring
from privacy.crypto.rotation import pages
from privacy.crypto.rotation.pages import Change, Found, Row, Table
from privacy.crypto.rotation.session import RotationIncomplete, Session
from privacy.crypto.rotation.versions import add_version
from privacy.crypto.rows import EncryptedModel
from privacy.crypto.sealed import SealedTable, sealed_tables
from privacy.crypto.stages import FOLLOWING, IndexState, Stage

#: The stages whose rows the rotation itself brings to what their writers write.
_PASSES: Final = frozenset({Stage.FILL, Stage.SWAP, Stage.CLEAR})
#: So often it goes over all rows until nothing is to be changed.
_ROUNDS: Final = 5


def rotate_index(session: Session) -> None:
    """Bring all blind indexes under a new root, and throw the old one away; goes on with an interrupted rotation.

    A row whose clear value is gone (emptied, or its holder has left) keeps its old digest, which then finds nothing.

    Raises:
        RotationIncomplete: a row could not be brought along; the stage stays, and both roots with it.
    """
    index = session.state.index
    version = index.following or add_version(session, "index")
    if index.stage is Stage.STABLE:
        # The new root is in every process's memory before anybody is asked to use it.
        session.announce()
        session.settle()
        session.turn(Stage.FILL, version=version)
    while (stage := session.state.index.stage) is not Stage.STABLE:
        session.settle()
        if stage in _PASSES:
            _bring_all(session)
        session.turn(FOLLOWING[stage], version=version)
    session.settle()
    session.progress.step("index", version=version)


def _bring_all(session: Session) -> None:
    """Go over all rows until nobody has written as in the stage before."""
    for _round in range(_ROUNDS):
        found = [_bring(session, sealed, index) for sealed, index in _indexes()]
        if any(one.left or one.broken for one in found):
            raise RotationIncomplete("rows are in use or do not open, and keep the old index: run it again")
        if not any(one.changed for one in found):
            return
    raise RotationIncomplete("rows are still being written as before: is a process out of touch with the key tables?")


def _bring(session: Session, sealed: SealedTable, index: BlindIndexField) -> Found:
    state = session.state.index
    extra = [column for column in (sealed.holder, sealed.version) if column]
    columns = (*extra, str(index.source.column), str(index.column), str(index.following.column))
    table = Table(sealed.name, sealed.key_column, sealed.key_type, columns)
    bar = session.progress.over(f"index, {state.stage}: {sealed.name}.{index.column}", table.count())
    found = pages.go_over(table, partial(_changes, sealed, index, state), pages.write_to(table), bar)
    name = f"{sealed.name}.{index.column}"
    session.progress.step(f"index, {state.stage}", column=name, **found.as_json())
    return found


def _changes(
    sealed: SealedTable, index: BlindIndexField, state: IndexState, rows: list[Row], found: Found
) -> list[Change]:
    values = [[None if value is None else bytes(value) for value in row[-3:]] for row in rows]
    key_ids = {UUID(bytes=aead.key_id_of(source)) for source, _, _ in values if source is not None}
    keyring.prefetch(key_ids=key_ids, owners=())
    changes = []
    for row, (source, first, second) in zip(rows, values, strict=True):
        wanted = _wanted(sealed, index, state, row, source, first, found)
        if wanted is not None and wanted != (first, second):
            names = (str(index.source.column), str(index.column), str(index.following.column))
            pairs = ((source, source), (first, wanted[0]), (second, wanted[1]))
            changes.append(Change(row[0], dict(zip(names, pairs, strict=True))))
    return changes


def _wanted(
    sealed: SealedTable, index: BlindIndexField, state: IndexState, row: Row,
    source: bytes | None, first: bytes | None, found: Found,
) -> tuple[bytes | None, bytes | None] | None:  # fmt: skip
    if source is None:
        return index.pair(None, state)
    try:
        clear = _clear_value(sealed, index, row, source)
    except KeyDestroyed:
        found.without_value += 1
        return first, None
    except DecryptionFailed:
        found.broken += 1
        return None
    if index.is_kept(clear):
        found.without_value += 1
        return first, None
    return index.pair(clear, state)


def _clear_value(sealed: SealedTable, index: BlindIndexField, row: Row, source: bytes) -> str | None:
    field = index.source
    column = next(one for one in sealed.columns if one.column == field.column)
    holder_id = str(row[1] or "") if sealed.holder else ""
    version = int(row[2 if sealed.holder else 1])
    cell = sealed.cell(column, row[0], holder_id, version)
    clear: str | None = field.decode(keyring.open(source, cell=cell, keys=column.keys))
    return clear


def _indexes() -> Iterator[tuple[SealedTable, BlindIndexField]]:
    tables = {table.name: table for table in sealed_tables()}
    for model in apps.get_models():
        if issubclass(model, EncryptedModel):
            for field in _index_fields(model):
                yield tables[model._meta.db_table], field


def _index_fields(model: type[models.Model]) -> list[BlindIndexField]:
    return [field for field in model._meta.local_concrete_fields if isinstance(field, BlindIndexField)]
