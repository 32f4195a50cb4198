"""Aliases: what others read instead of a name; generated where the person types none."""

import secrets
import unicodedata

from wallet.core.errors import Kind, WalletError

MAX_LENGTH = 60
_FIRST = (
    "Amber", "Brisk", "Calm", "Dapper", "Early", "Fond", "Gentle", "Hazel", "Ivory", "Jolly", "Keen", "Lively",
    "Mellow", "Nimble", "Olive", "Plain", "Quiet", "Rosy", "Sunny", "Tidy", "Vivid", "Warm",
)  # fmt: skip
_SECOND = (
    "Badger", "Cedar", "Dolphin", "Ember", "Falcon", "Ginkgo", "Heron", "Ibis", "Juniper", "Kestrel", "Lynx",
    "Maple", "Newt", "Otter", "Poplar", "Quail", "Robin", "Sparrow", "Tern", "Urchin", "Vole", "Wren",
)  # fmt: skip


class AliasInvalid(WalletError):
    """An alias is 1 to 60 characters on one line."""

    kind = Kind.INVALID
    slug = "validation-failed"
    title = "A value is not valid"


def generate() -> str:
    """A pleasant alias that says nothing about anybody."""
    return f"{secrets.choice(_FIRST)} {secrets.choice(_SECOND)} {secrets.randbelow(90) + 10}"


def clean(text: str) -> str:
    """The alias in one line and one form, or a generated one for an empty text.

    Raises:
        AliasInvalid: too long, or with characters that cannot be seen.
    """
    alias = " ".join(unicodedata.normalize("NFC", text).split())
    # Cc, Cf, Cs, Co, Cn: what cannot be seen can pretend to be somebody else's alias.
    if len(alias) > MAX_LENGTH or any(unicodedata.category(char).startswith("C") for char in alias):
        raise AliasInvalid("must be 1 to 60 visible characters", pointer="/alias")
    return alias or generate()
