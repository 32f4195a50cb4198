"""One value of a row changed by SQL, and what the product then reads."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection, transaction
from psycopg import sql

from privacy.crypto.aead import DecryptionFailed
from tests.privacy.crypto.wallet_rows import SealedCell


class _Undo(Exception):
    """Roll the tampering back."""


def may_write(table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(%s, 'UPDATE')", [table])
        return bool(cursor.fetchone()[0])


@contextmanager
def tampered(cell: SealedCell, superuser: psycopg.Connection, **values: Any) -> Iterator[None]:
    """The row with these columns changed by SQL; afterwards as it was."""
    change = sql.SQL("UPDATE {} SET {} WHERE {} = %s").format(
        sql.Identifier(cell.table),
        sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in values),
        sql.Identifier(cell.key),
    )
    if may_write(cell.table):
        try:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute(change.as_string(connection.connection), [*values.values(), cell.pk])
                    assert cursor.rowcount == 1
                yield
                raise _Undo
        except _Undo:
            return
    names = sql.SQL(", ").join(sql.Identifier(name) for name in values)
    look = sql.SQL("SELECT {} FROM {} WHERE {} = %s").format(
        names, sql.Identifier(cell.table), sql.Identifier(cell.key)
    )
    before = superuser.execute(look, [cell.pk]).fetchone()
    superuser.execute(change, [*values.values(), cell.pk])
    try:
        yield
    finally:
        superuser.execute(change, [*before, cell.pk])


def opens(cell: SealedCell) -> Any:
    """What the product reads, or None when it is refused with the one error."""
    try:
        return cell.read()
    except DecryptionFailed:
        return None


def one_of_each(cells: list[SealedCell]) -> list[SealedCell]:
    """The first cell of each column."""
    return list({cell.place: cell for cell in reversed(cells)}.values())
