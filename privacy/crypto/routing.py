"""Which database a migration's step belongs to: the key tables may have one of their own (`KEYS_DATABASE_URL`).

Both databases know every migration, and each step runs where its tables are: the tables are written down once. A step
is about the key tables when it makes or alters one of the models of `privacy.crypto.models`, runs an SQL file of this
room, or grants what stands in it; `wallet.core.migrations` gives each step the hints that say so.
"""

from typing import Any, Final

from django.apps import apps
from django.conf import settings

from privacy.crypto import models

#: The alias of the key database, for the role that owns its tables; only `migrate` has it.
KEYS: Final = "keys"
_ROOM = "privacy/crypto"
_FUNCTIONS = "keys_"


class KeyRouter:
    """Django's database router; it says where to migrate, and nothing about queries: the keyring has its own."""

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool | None:
        """Whether the step runs in `db`; None leaves it to Django (yes)."""
        if hints.get("in_every_database"):
            return None
        is_about_keys = _is_about_keys(app_label, model_name, **hints)
        if db == KEYS:
            return is_about_keys
        return False if is_about_keys and settings.KEYS_DATABASE_URL else None


def _is_about_keys(
    app_label: str,
    model_name: str | None,
    *,
    room: str = "",
    table: str = "",
    function: str = "",
    **_other: Any,
) -> bool:
    if app_label != "privacy":
        return False
    ours = [one._meta for one in apps.get_app_config("privacy").get_models() if one.__module__ == models.__name__]  # noqa: SLF001 - Django's documented door
    return (
        model_name in {one.model_name for one in ours}
        or room == _ROOM
        or table in {one.db_table for one in ours}
        or function.startswith(_FUNCTIONS)
    )
