"""Public ids: prefixed, random, never time-ordered (a time-ordered id tells a platform when you joined)."""

import secrets
import string
from typing import TYPE_CHECKING, Any

from django.db import models

_ALPHABET = string.digits + string.ascii_letters
#: 62^22 > 2^130: at least 128 random bits (settled.md 30, ASVS 11.5.1).
_LENGTH = 22
_COUNT = len(_ALPHABET) ** _LENGTH

#: Every prefix that may leave the house (settled.md 30), and what it names.
PREFIXES = {
    "holder": "a person",
    "card": "a card",
    "num": "a card's number for one place",
    "link": "a platform's handle on a person",
    "preq": "a payment request",
    "split": "a split",
    "chk": "a checkout",
    "ref": "a refund",
    "top": "a top-up",
    "wd": "a withdrawal",
    "auth": "an authorization",
    "cap": "a capture",
    "cbk": "a chargeback",
    "chr": "a holder as a card network knows them",
    "xpo": "an exposure",
    "exp": "an export",
    "whe": "a webhook endpoint",
    "evt": "an event",
    # Inner names that are text because they stand in several rooms; they leave only towards first-party pages.
    "plat": "a platform",
    "part": "a part of a top-up that goes back",
    "rcp": "a recipient",
    "ntc": "a notice",
    "act": "a line of activity",
    "cns": "a consent",
    "del": "a webhook delivery",
    "prop": "a proposal of the staff",
    "case": "a case of the monitoring queue",
}


def new_id(prefix: str) -> str:
    """A fresh public id such as `card_4Jq…`, 130 random bits."""
    if prefix not in PREFIXES:
        raise ValueError(f"unknown id prefix {prefix}")
    number, letters = secrets.randbelow(_COUNT), []
    for _ in range(_LENGTH):
        number, place = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[place])
    return f"{prefix}_{''.join(letters)}"


def is_id(value: object, prefix: str) -> bool:
    """Whether the value has the shape of an id with this prefix."""
    return (
        isinstance(value, str)
        and value.startswith(f"{prefix}_")
        and len(value) == len(prefix) + 1 + _LENGTH
        and value[len(prefix) + 1 :].isalnum()
        and value.isascii()
    )


if TYPE_CHECKING:
    _Text = models.TextField[str, str]
else:
    _Text = models.TextField


class IdField(_Text):
    """A primary key made in Python, before the row exists: associated data of ciphertexts needs it."""

    def __init__(self, prefix: str = "", **options: Any) -> None:
        self.prefix = prefix
        options.setdefault("primary_key", True)
        options["editable"] = False
        super().__init__(**options)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """Keep the prefix in migrations."""
        name, path, args, kwargs = super().deconstruct()
        kwargs["prefix"] = self.prefix
        kwargs.pop("editable", None)
        return name, path, list(args), kwargs

    def get_default(self) -> str:
        """A new id for a new object."""
        return new_id(self.prefix)

    def has_default(self) -> bool:
        """Always: the id is made when the object is."""
        return True
