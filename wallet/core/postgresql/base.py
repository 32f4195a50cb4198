"""Django's PostgreSQL backend, less one habit and with one more: no index for LIKE, prepared where asked for."""

from typing import Any

import psycopg
from django.db.backends.postgresql import base
from django.db.backends.postgresql.operations import DatabaseOperations as PostgresOperations
from django.db.backends.postgresql.schema import DatabaseSchemaEditor as PostgresSchemaEditor


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

    def prepared_cursor(self) -> Any:
        """A cursor whose statements the server prepares at their second use; parameters travel apart from them.

        For hot paths alone: what is sent once is cheaper with Django's own cursor, which writes parameters into it.
        """
        self.ensure_connection()
        driver: Any = self.connection
        # Django switches it off; its own cursors never prepare.
        driver.prepare_threshold = 1
        with self.wrap_database_errors:
            return self._prepare_cursor(psycopg.Cursor(driver))
