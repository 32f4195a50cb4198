"""What migrations share: SQL read from files, grants for the application role, tables it may only read."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import router
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import RunSQL
from django.db.migrations.state import ProjectState
from psycopg import sql as compose

ROOT = Path(__file__).resolve().parent.parent.parent


class Grants(RunSQL):
    """Statements with `{role}` for the role that runs the service, each in the database that it is about."""

    def __init__(self, *statements: tuple[str, dict[str, Any]]) -> None:
        """Take each with the hints that tell `privacy.crypto.routing` which database that is."""
        super().__init__([text for text, _ in statements], reverse_sql=RunSQL.noop)
        self._statements = statements

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Run those that belong here."""
        del from_state, to_state
        alias = schema_editor.connection.alias
        role = compose.Identifier(settings.SERVICE_ROLES.get(alias, settings.APP_ROLE)).as_string(None)
        for text, hints in self._statements:
            if router.allow_migrate(alias, app_label, **hints):
                schema_editor.execute(text.replace("{role}", role), params=None)


def sql(path: str) -> RunSQL:
    """Run an SQL file, named from the checkout's root. Going back is a restore, not a reverse script."""
    hints = {"room": str(Path(path).parent.parent)}
    return RunSQL((ROOT / path).read_text(encoding="utf-8"), reverse_sql=RunSQL.noop, hints=hints)


def grant_execute(*signatures: str) -> RunSQL:
    """Let the application role call these functions, such as `ledger_post(jsonb)`; nobody else may."""
    return Grants(
        *[
            (
                f"REVOKE ALL ON FUNCTION {one} FROM PUBLIC; GRANT EXECUTE ON FUNCTION {one} TO {{role}}",
                {"function": one},
            )
            for one in signatures
        ]
    )


def protect_table(*tables: str) -> RunSQL:
    """Leave the application role only SELECT: the table's functions are the only way in."""
    return _leave("SELECT", tables)


def append_only(*tables: str) -> RunSQL:
    """Leave the application role SELECT and INSERT."""
    return _leave("SELECT, INSERT", tables)


def _leave(rights: str, tables: tuple[str, ...]) -> RunSQL:
    return Grants(
        *[
            (
                f"REVOKE ALL ON TABLE {table} FROM {{role}}; GRANT {rights} ON TABLE {table} TO {{role}}",
                {"table": table},
            )
            for table in tables
        ]
    )


def grant_application_role() -> RunSQL:
    """Default rights from the first migration on: rows yes, structure no, functions only where granted."""
    statements = [
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "GRANT USAGE ON SCHEMA public TO {role}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO {role}",
        # Global on purpose: a per-schema revoke cannot take away what is granted globally to PUBLIC.
        "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
        # What Django made before this migration.
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}",
        "REVOKE INSERT, UPDATE, DELETE ON TABLE django_migrations FROM {role}",
    ]
    return Grants(*[(one, {"in_every_database": True}) for one in statements])
