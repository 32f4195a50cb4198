"""Settings that contradict each other, or that production refuses; each message names the setting and says what to do.

Called by `wallet.settings`, so that no process starts on them: a web server runs no system checks. What only the code
can tell (a missing package, the form of a key's name) is a system check of its room.
"""

import re
from collections.abc import Sequence
from typing import Final

from psycopg.conninfo import conninfo_to_dict

_VERIFIER_KEY = re.compile(r"[^+\s]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+={0,2}")
_ADDRESS_PARTS: Final = 4


class SettingsRefused(Exception):
    """These settings cannot be meant."""


def refuse_key_settings(*, sandbox: bool, provider: str, kms_keys: list[str], kms_endpoint: str) -> None:
    """Refuse a key provider that cannot work, or to whom keys would travel in clear.

    Raises:
        SettingsRefused: with the setting's name.
    """
    if provider == "aws-kms" and not kms_keys:
        raise SettingsRefused("KEY_KMS_KEY_ID is not set: KEY_PROVIDER=aws-kms needs the ARN of a key")
    if provider != "aws-kms" and kms_keys and not sandbox:
        raise SettingsRefused(f"KEY_KMS_KEY_ID is set, but KEY_PROVIDER={provider} does not use it: which is meant?")
    if provider == "aws-kms" and kms_endpoint and not kms_endpoint.startswith("https://") and not sandbox:
        raise SettingsRefused("AWS_ENDPOINT_URL must be https in production: keys travel to it")


def refuse_witnesses(words: list[str], *, sandbox: bool) -> None:
    """Refuse what are no pairs of a verifier key and a URL.

    Raises:
        SettingsRefused: with the setting's name.
    """
    allowed = ("https://", "http://127.0.0.1", "http://localhost") if sandbox else ("https://",)
    names, urls = words[::2], words[1::2]
    if len(names) != len(urls) or not all(_VERIFIER_KEY.fullmatch(one) for one in names):
        raise SettingsRefused("WITNESSES must be pairs: a verifier key (name+hash+base64), then the witness's URL")
    if not all(one.startswith(allowed) for one in urls):
        raise SettingsRefused("WITNESSES: the URL of a witness must be https")
    if len(set(names)) != len(names):
        raise SettingsRefused("WITNESSES names a witness twice")


def refuse_key_databases(*, sandbox: bool, main: str, service: str, owner: str) -> None:
    """Refuse a key database that is none of its own; `main`, `service` and `owner` are connection URLs, or "".

    `service` is KEYS_DATABASE_URL, `owner` KEYS_MIGRATION_DATABASE_URL.

    Raises:
        SettingsRefused: with the setting's name.
    """
    if owner and not service:
        raise SettingsRefused("KEYS_MIGRATION_DATABASE_URL is set, but KEYS_DATABASE_URL is not: they belong together")
    if not service:
        return
    if _place(service) == _place(main):
        raise SettingsRefused("KEYS_DATABASE_URL names the main database: the key tables need one of their own")
    if owner and _place(service) != _place(owner):
        raise SettingsRefused("KEYS_MIGRATION_DATABASE_URL must name the database of KEYS_DATABASE_URL")
    if owner and _role(service) == _role(owner):
        raise SettingsRefused("KEYS_DATABASE_URL must name another role than KEYS_MIGRATION_DATABASE_URL: no owner")
    if not sandbox and _role(service) == _role(main) and _place(service)[:2] == _place(main)[:2]:
        raise SettingsRefused("KEYS_DATABASE_URL must name another role than DATABASE_URL in production")


def refuse_stripe_settings(*, sandbox: bool, key: str, base: str) -> None:
    """Refuse real money in a sandbox, test money in production, and another Stripe than Stripe's there.

    Raises:
        SettingsRefused: with the setting's name.
    """
    if sandbox and key.startswith(("sk_live_", "rk_live_")):
        raise SettingsRefused("STRIPE_SECRET_KEY is a live key, and MODE=sandbox: real money would be lost in it")
    if not sandbox and key and not key.startswith(("sk_live_", "rk_live_")):
        raise SettingsRefused(
            "STRIPE_SECRET_KEY must be a live key in production: test payments would become real money"
        )
    if base and not sandbox:
        raise SettingsRefused("STRIPE_API_BASE is refused in production")


def refuse_issuing_settings(*, address: Sequence[str]) -> None:
    """Refuse an address that Stripe would not take.

    Raises:
        SettingsRefused: with the setting's name.
    """
    if address and not (len(address) == _ADDRESS_PARTS and all(address)):
        raise SettingsRefused("STRIPE_ISSUING_ADDRESS must be `line; city; postal code; country`, as FR for France")


def _place(url: str) -> tuple[str, str, str]:
    parts = conninfo_to_dict(url)
    return str(parts.get("host") or ""), str(parts.get("port") or "5432"), str(parts.get("dbname") or "")


def _role(url: str) -> str:
    return str(conninfo_to_dict(url).get("user") or "")
