"""`migrate` as the owner role, never as the application role; the key tables' own database along with the main one."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import connections

from wallet.core import clock


class Command(migrate.Command):
    help = "Bring all tables up to date, as their owners (MIGRATION_DATABASE_URL, KEYS_MIGRATION_DATABASE_URL)."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def handle(self, *args: Any, **options: Any) -> None:
        if "owner" not in settings.DATABASES:
            raise CommandError("MIGRATION_DATABASE_URL is not set: migrations run as the owner role")
        if settings.DATABASES["owner"]["USER"] == settings.APP_ROLE or options["database"] != "owner":
            raise CommandError("Migrations refuse to run as the application role")
        if settings.KEYS_DATABASE_URL and not settings.KEYS_MIGRATION_DATABASE_URL:
            raise CommandError("KEYS_MIGRATION_DATABASE_URL is not set: the key tables' owner migrates them")
        super().handle(*args, **options)
        if settings.KEYS_DATABASE_URL:
            super().handle(*args, **{**options, "database": "keys"})
            _refuse_keys_left_behind()
        if not settings.SANDBOX and clock.is_moved(using="owner"):
            raise CommandError("A sandbox has moved this database's clock: production refuses it")


def _refuse_keys_left_behind() -> None:
    """With keys still in the main database the service would make others, and nothing sealed before would open."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.privacy_branchkey') IS NOT NULL")
        if cursor.fetchone() == (False,):
            return
        cursor.execute("SELECT EXISTS (SELECT FROM privacy_branchkey) OR EXISTS (SELECT FROM privacy_rootkey)")
        if cursor.fetchone() == (True,):
            raise CommandError(
                "The main database still holds keys: move them to KEYS_DATABASE_URL before anything starts "
                "(docs/operators.md, Where the keys are kept)"
            )
