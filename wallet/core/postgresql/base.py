"""Django's PostgreSQL backend, less one habit: nothing here searches text keys with LIKE."""

from typing import Any

from django.db.backends.postgresql import base
from django.db.backends.postgresql.schema import DatabaseSchemaEditor as PostgresSchemaEditor


class DatabaseSchemaEditor(PostgresSchemaEditor):
    """Makes one index where Django makes two."""

    def _create_like_index_sql(self, _model: Any, _field: Any) -> None:
        return None


class DatabaseWrapper(base.DatabaseWrapper):
    """The backend that settings name."""

    SchemaEditorClass = DatabaseSchemaEditor
