"""Data keys: new versions for everybody, everything sealed again under them, the old ones thrown away."""

import os
from collections.abc import Iterator
from functools import partial
from typing import Any, Final
from uuid import UUID

from privacy.crypto import aead
from privacy.crypto.aead import DecryptionFailed
from privacy.crypto.datakeys import KeyDestroyed, wrap_data_key
from privacy.crypto.keyring import keyring
from privacy.crypto.rotation import pages
from privacy.crypto.rotation.pages import Change, Found, Row, Table
from privacy.crypto.rotation.session import RotationIncomplete, Session
from privacy.crypto.rotation.store import NewVersion
from privacy.crypto.sealed import SealedColumn, SealedTable, sealed_tables

#: New versions in one transaction: each takes a lock.
_VERSIONS: Final = 500
_RETIRED: Final = 5000
#: So often it goes over all rows until nothing old is found.
_ROUNDS: Final = 5

#: Every binary column that we may read, quoted.
_BINARY_COLUMNS: Final = (
    "SELECT c.oid::regclass::text, quote_ident(a.attname) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
    " WHERE c.relkind IN ('r', 'm') AND c.relnamespace = current_schema()::regnamespace"
    " AND a.atttypid = 'bytea'::regtype AND a.attnum > 0 AND NOT a.attisdropped"
    " AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1, 2"
)

#: The 16 bytes that name an old key in a sealed value, with its holder and class.
Old = dict[bytes, tuple[str, str]]


def rotate_data(session: Session, *, holder_id: str = "") -> None:
    """Replace the data keys of a holder, or ("") of all; goes on with one that was interrupted.

    Raises:
        RotationIncomplete: something is still sealed under a key that was to go; that key stays.
        KeyUnavailable: the keys cannot be reached.
    """
    begun_for = session.state.data_holder if session.state.data_since else None
    if begun_for is not None:
        _replace(session)
    if begun_for not in {"", holder_id}:
        session.announce(data_since=session.store.now(), data_holder=holder_id)
        _replace(session)


def _replace(session: Session) -> None:
    for _round in range(_ROUNDS):
        made = _make_versions(session)
        session.announce()
        session.settle()
        old = _old_keys(session)
        session.progress.step("data keys", new_versions=made, old=len(old))
        _reseal(session, old)
        # Whoever had begun before the pass came by has ended then: nothing may be left.
        session.settle()
        used = set(_still_used(_old_keys(session)))
        if not used:
            break
    _retire(session, used)
    session.announce(data_since=None, data_holder="")


def _old_keys(session: Session) -> Old:
    state = session.state
    if state.data_since is None:
        return {}
    found = session.store.old_data_keys(state.data_since, state.data_holder)
    return {key_id.bytes: owner for key_id, owner in found.items()}


def _make_versions(session: Session) -> int:
    made, since = 0, session.state.data_since
    if since is None:
        return made
    while owners := session.store.without_successor(since, session.state.data_holder, limit=_VERSIONS):
        branch_id, branch = session.active_branch()
        versions = [_new_version(*owner, branch_id=branch_id, branch=branch) for owner in owners]
        session.store.add_versions(versions, branch_id=branch_id)
        made += len(versions)
        session.progress.wait(f"data keys: {made} new versions")
    return made


def _new_version(holder_id: str, key_class: str, newest: int, *, branch_id: UUID, branch: Any) -> NewVersion:
    key_id, version = UUID(bytes=os.urandom(aead.KEY_ID_BYTES)), newest + 1
    wrapped = wrap_data_key(
        branch, secret=os.urandom(aead.KEY_BYTES), key_id=key_id, holder_id=holder_id, key_class=key_class,
        version=version, branch_id=branch_id,
    )  # fmt: skip
    return NewVersion(key_id, holder_id, key_class, version, wrapped)


# --- Going over the rows --------------------------------------------------------------------------


def _reseal(session: Session, old: Old) -> None:
    for sealed in sealed_tables():
        table = _pages_of(sealed, session.state.data_holder)
        if table is None:
            continue
        bar = session.progress.over(f"sealed again: {sealed.name}", table.count())
        write = pages.write_through(sealed.reseal) if sealed.reseal else pages.write_to(table)
        found = pages.go_over(table, partial(_changes, sealed, old), write, bar)
        session.progress.step("sealed again", table=sealed.name, **found.as_json())


def _pages_of(sealed: SealedTable, holder_id: str) -> Table | None:
    columns = [one.column for one in sealed.columns]
    only = None
    if holder_id:
        if not sealed.holder:
            return None
        only = (sealed.holder, holder_id)
    extra = [column for column in (sealed.holder, sealed.version) if column]
    return Table(sealed.name, sealed.key_column, sealed.key_type, (*extra, *columns), only)


def _changes(sealed: SealedTable, old: Old, rows: list[Row], found: Found) -> list[Change]:
    changes = [(change, row) for row in rows if (change := _old_values(sealed, row, old)) is not None]
    sealed_values = (before for change, _row in changes for before, _after in change.values.values())
    key_ids = {UUID(bytes=value[2:18]) for value in sealed_values if value is not None and _is_old(value, old)}
    keyring.prefetch(key_ids=key_ids, owners={old[key_id.bytes] for key_id in key_ids})
    return [change for change, row in changes if _seal_again(sealed, change, row, found, old)]


def _old_values(sealed: SealedTable, row: Row, old: Old) -> Change | None:
    values = [None if value is None else bytes(value) for value in row[-len(sealed.columns) :]]
    if not any(_is_old(value, old) for value in values):
        return None
    names = (one.column for one in sealed.columns)
    return Change(row[0], {name: (value, value) for name, value in zip(names, values, strict=True)})


def _is_old(value: bytes | None, old: Old) -> bool:
    return value is not None and value[2:18] in old


def _seal_again(sealed: SealedTable, change: Change, row: Row, found: Found, old: Old) -> bool:
    holder_id = str(row[1] or "") if sealed.holder else ""
    version = sealed.version_of(row[2 if sealed.holder else 1]) if sealed.version else 1
    for column in sealed.columns:
        value = change.values[column.column][0]
        if value is not None and _is_old(value, old):
            try:
                change.values[column.column] = (
                    value,
                    _under_new_key(sealed, column, row[0], holder_id, version, value, old),
                )
            except (DecryptionFailed, KeyDestroyed):
                found.broken += 1
    return any(before != after for before, after in change.values.values())


def _under_new_key(
    sealed: SealedTable, column: SealedColumn, key: Any, holder_id: str, version: int, value: bytes, old: Old
) -> bytes:
    owner, key_class = old[value[2:18]]
    # A value may have been sealed for nobody in the row of somebody whose key was gone.
    in_cell = holder_id if owner or column.keys == "service" else ""
    cell = sealed.cell(column, key, in_cell, version)
    return keyring.seal(keyring.open(value, cell=cell, keys=key_class), cell=cell, keys=key_class)  # type: ignore[arg-type]


# --- Throwing away --------------------------------------------------------------------------------


def _retire(session: Session, used: set[bytes]) -> None:
    old = _old_keys(session)
    ids = [UUID(bytes=key_id) for key_id in old if key_id not in used]
    retired = sum(session.store.retire_data(ids[start : start + _RETIRED]) for start in range(0, len(ids), _RETIRED))
    kept = len(_old_keys(session))
    session.progress.step("data keys", thrown_away=retired, kept=kept)
    if kept:
        raise RotationIncomplete(
            f"{kept} old data keys stay: values under them do not open, or stand where none is known"
        )


def _still_used(old: Old) -> Iterator[bytes]:
    """Old keys that any binary column of the database names, whether its table is known to us or not."""
    if not old:
        return
    with pages.driver_cursor() as cursor:
        for table, column in cursor.execute(_BINARY_COLUMNS).fetchall():
            key_id = f"substring({column} FROM 3 FOR 16)"
            query = f"SELECT DISTINCT {key_id} FROM {table} WHERE {key_id} = ANY(%b)"  # noqa: S608 - names of the catalogue
            cursor.execute(query, [list(old)])
            yield from (found for (found,) in cursor.fetchall())
