"""Django's PostgreSQL backend, less one habit and with one more: no index for LIKE, prepared where asked for."""

import select
import time
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from django.db.backends.postgresql import base
from django.db.backends.postgresql.operations import DatabaseOperations as PostgresOperations
from django.db.backends.postgresql.schema import DatabaseSchemaEditor as PostgresSchemaEditor
from psycopg_pool import ConnectionPool

#: A connection that has been idle for longer may have been dropped on the way, without a word.
_IDLE_SECONDS = 5.0
_given: "WeakKeyDictionary[psycopg.Connection[Any], float]" = WeakKeyDictionary()


def check_when_in_doubt(connection: psycopg.Connection[Any]) -> None:
    """Ask the server only after a while, or when it has said something unasked: that is how it takes leave."""
    now, last = time.monotonic(), _given.get(connection, 0.0)
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    if waiting.poll(0) or now - last > _IDLE_SECONDS:
        ConnectionPool.check_connection(connection)
    _given[connection] = now


class DatabaseSchemaEditor(PostgresSchemaEditor):
    """Makes one index where Django makes two: nothing here searches text keys with LIKE."""

    def _create_like_index_sql(self, _model: Any, _field: Any) -> None:
        return None


class DatabaseOperations(PostgresOperations):
    """Names a prepared statement too, where queries are listed."""

    def last_executed_query(self, cursor: Any, sql: Any, params: Any) -> Any:
        """What was sent; of a prepared one its text, without the parameters."""
        return super().last_executed_query(cursor, sql, params) or str(sql)


class DatabaseWrapper(base.DatabaseWrapper):
    """The backend that settings name."""

    SchemaEditorClass = DatabaseSchemaEditor
    ops_class = DatabaseOperations

    @property
    def pool(self) -> Any:
        """Django's; a connection is asked whether it lives only when there is a doubt, not for each request."""
        pool = super().pool
        if pool is not None and pool._check is pool.check_connection:  # noqa: SLF001 - Django gives no other way
            pool._check = check_when_in_doubt  # noqa: SLF001
        return pool

    def prepared_cursor(self) -> Any:
        """A cursor whose statements the server prepares at their second use; parameters travel apart from them.

        For hot paths alone: what is sent once is cheaper with Django's own cursor, which writes parameters into it.
        """
        self.ensure_connection()
        driver: Any = self.connection
        # Django switches it off; its own cursors never prepare.
        driver.prepare_threshold = 1
        with self.wrap_database_errors:
            return self._prepare_cursor(psycopg.Cursor(driver))  # type: ignore[attr-defined]  # Django has it
