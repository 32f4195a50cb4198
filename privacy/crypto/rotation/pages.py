"""Going over the rows of a table, and changing those that need it without standing in anybody's way.

A page is read without a lock. What is to be changed is written in one statement that takes the rows nobody else has
locked and compares what it replaces byte for byte: whoever wrote meanwhile wins, and the row is looked at again.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, LiteralString

import psycopg
from django.db import OperationalError, connection, transaction
from psycopg import sql

from privacy.crypto.rotation.progress import Bar

ROWS: Final = 1000
#: Seconds between two looks at rows that somebody had locked, and how long it goes on.
_AGAIN_AFTER: Final = 0.2
_PATIENCE: Final = 120.0
#: Lock not available, deadlock.
_CONTENDED: Final = frozenset({"55P03", "40P01"})
#: So long it waits for a row before it gives its own locks back: nobody ever waits for us in a circle.
_LOCK_PATIENCE: Final = "SET LOCAL lock_timeout = '20ms'"

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table as its pages are read: the key first, then what `columns` name."""

    name: str
    key: str
    key_type: str
    columns: tuple[str, ...]
    #: Only rows with this value in this column.
    only: tuple[str, str] | None = None

    def count(self) -> int:
        """How many rows there are."""
        query = sql.SQL("SELECT count(*) FROM {} WHERE {}").format(sql.Identifier(self.name), self._condition())
        with connection.cursor() as cursor:
            cursor.execute(query, self._parameters())
            return int(cursor.fetchone()[0])

    def pages(self) -> Iterator[list[Row]]:
        """Every row, in the order of the key."""
        last: Any = None
        while True:
            page = self._read(sql.SQL("true") if last is None else self._after, [] if last is None else [last], ROWS)
            if page:
                yield page
                last = page[-1][0]
            if len(page) < ROWS:
                return

    def rows(self, keys: Sequence[Any]) -> list[Row]:
        """These rows, as they are now."""
        condition = sql.SQL("{} = ANY(%s::{}[])").format(sql.Identifier(self.key), sql.SQL(self.key_type))
        return self._read(condition, [list(keys)], len(keys))

    @property
    def _after(self) -> sql.Composable:
        return sql.SQL("{} > %s").format(sql.Identifier(self.key))

    def _read(self, condition: sql.Composable, parameters: list[Any], limit: int) -> list[Row]:
        query = sql.SQL("SELECT {} FROM {} WHERE {} AND {} ORDER BY {} LIMIT %s").format(
            sql.SQL(", ").join(map(sql.Identifier, (self.key, *self.columns))), sql.Identifier(self.name),
            condition, self._condition(), sql.Identifier(self.key),
        )  # fmt: skip
        with driver_cursor() as cursor:
            return cursor.execute(query, [*parameters, *self._parameters(), limit], binary=True).fetchall()

    def _condition(self) -> sql.Composable:
        return sql.SQL("{} = %s").format(sql.Identifier(self.only[0])) if self.only else sql.SQL("true")

    def _parameters(self) -> list[Any]:
        return [self.only[1]] if self.only else []


@dataclass(slots=True)
class Change:
    """What one row is to become: for each column the value that was read and the one to be written.

    A column whose two values are the same is a condition only.
    """

    key: Any
    values: dict[str, tuple[bytes | None, bytes | None]]


@dataclass(slots=True)
class Found:
    """What a pass over a table found and did."""

    rows: int = 0
    changed: int = 0
    #: Rows that are not as they should be, and could not be changed.
    left: int = 0
    #: Values that do not open.
    broken: int = 0
    #: Rows whose clear value is gone: nothing can be computed from them.
    without_value: int = 0
    pending: list[Any] = field(default_factory=list)

    def as_json(self) -> dict[str, int]:
        """The counts."""
        return {
            "rows": self.rows, "changed": self.changed, "left": self.left, "broken": self.broken,
            "without_value": self.without_value,
        }  # fmt: skip


#: From rows to what they are to become; counts into Found what it cannot handle.
Changes = Callable[[list[Row], Found], list[Change]]
#: Writes changes of one table; gives the keys of those that still were as they had been read.
Write = Callable[[list[Change]], set[Any]]


def go_over(table: Table, changes: Changes, write: Write, bar: Bar) -> Found:
    """Bring every row to what `changes` says; rows that others are writing are looked at again until they rest."""
    found = Found()
    for page in table.pages():
        found.rows += len(page)
        _bring(page, found, changes, write)
        bar.advance(len(page))
    give_up_at = time.monotonic() + _PATIENCE
    while found.pending and time.monotonic() < give_up_at:
        keys, found.pending = found.pending, []
        for start in range(0, len(keys), ROWS):
            _bring(table.rows(keys[start : start + ROWS]), found, changes, write)
        if found.pending:
            bar.progress.wait(f"{table.name}: {len(found.pending)} rows are in use, once more")
            time.sleep(_AGAIN_AFTER)
    found.left = len(found.pending)
    return found


def _bring(rows: list[Row], found: Found, changes: Changes, write: Write) -> None:
    wanted = changes(rows, found)
    if not wanted:
        return
    try:
        done = write(wanted)
    except OperationalError as error:
        if not _is_contended(error):
            raise
        done = set()
    found.changed += len(done)
    found.pending += [change.key for change in wanted if change.key not in done]


def write_to(table: Table) -> Write:
    """Write to a table that the application role may update."""

    def write(changes: list[Change]) -> set[Any]:
        columns = list(changes[0].values)
        parameters: list[Any] = [[change.key for change in changes]]
        for column in columns:
            parameters += [[change.values[column][side] for change in changes] for side in (0, 1)]
        try:
            return _written(_statement(_UPDATE, table, columns), parameters)
        except OperationalError as error:
            if not _is_contended(error):
                raise
        # Somebody works on one of these rows: leave out what is locked. To lock first costs, so it comes second.
        return _written(_statement(_UPDATE_FREE, table, columns), [*parameters, parameters[0]])

    return write


def _written(statement: sql.Composed, parameters: list[Any]) -> set[Any]:
    with transaction.atomic(), driver_cursor() as cursor:
        cursor.execute(_LOCK_PATIENCE)
        return {key for (key,) in cursor.execute(statement, parameters, binary=True)}


def _is_contended(error: OperationalError) -> bool:
    return getattr(error.__cause__, "sqlstate", "") in _CONTENDED


@contextmanager
def driver_cursor() -> Iterator[psycopg.Cursor[Any]]:
    """On Django's connection, with parameters that travel as bytes: thousands of sealed values are not quoted."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor[Any](connection.connection) as cursor:
        yield cursor


def write_through(function: str) -> Write:
    """Write to a protected table through its function, which takes one column at a time."""

    def write(changes: list[Change]) -> set[Any]:
        keys = {change.key for change in changes}
        with driver_cursor() as cursor:
            for column in changes[0].values:
                wanted = [
                    (one.key, *one.values[column]) for one in changes if one.values[column][0] != one.values[column][1]
                ]
                if wanted:
                    parameters = [list(part) for part in zip(*wanted, strict=True)]
                    done = cursor.execute(f"SELECT {function}(%b, %b, %b, %b)", [column, *parameters]).fetchall()
                    keys -= {key for key, _old, _new in wanted} - {key for (key,) in done}
        return keys

    return write


_UPDATE: Final = (
    "WITH n AS (SELECT * FROM unnest(%b::{type}[], {arrays}) AS n (key, {names}))"
    " UPDATE {table} AS t SET {sets} FROM n WHERE t.{key} = n.key AND {same} RETURNING t.{key}"
)
_UPDATE_FREE: Final = (
    "WITH n AS (SELECT * FROM unnest(%b::{type}[], {arrays}) AS n (key, {names})), free AS MATERIALIZED"
    " (SELECT {key} AS key FROM {table} WHERE {key} = ANY(%b::{type}[]) FOR NO KEY UPDATE SKIP LOCKED)"
    " UPDATE {table} AS t SET {sets} FROM n JOIN free USING (key)"
    " WHERE t.{key} = n.key AND {same} RETURNING t.{key}"
)


def _statement(template: LiteralString, table: Table, columns: list[str]) -> sql.Composed:
    numbers = range(len(columns))
    names = [sql.SQL(name) for number in numbers for name in (f"old{number}", f"new{number}")]
    return sql.SQL(template).format(
        type=sql.SQL(table.key_type),
        table=sql.Identifier(table.name),
        key=sql.Identifier(table.key),
        arrays=sql.SQL(", ").join([sql.SQL("%b::bytea[]")] * len(names)),
        names=sql.SQL(", ").join(names),
        sets=sql.SQL(", ").join(
            sql.SQL("{} = n.{}").format(sql.Identifier(columns[number]), sql.SQL(f"new{number}")) for number in numbers
        ),
        same=sql.SQL(" AND ").join(
            sql.SQL("t.{} IS NOT DISTINCT FROM n.{}").format(sql.Identifier(columns[number]), sql.SQL(f"old{number}"))
            for number in numbers
        ),
    )
