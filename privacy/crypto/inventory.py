"""The cryptographic inventory (PCI DSS 12.3.3, standard.md C16): what is used, for what, with whose key.

The uses are found in the code (`usage`); what no syntax tree tells stands in `inventory.toml`, one entry a place. A use
without an entry, or an entry without a use, is a fault: the document cannot drift from the code.
"""

import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from privacy.crypto.usage import Use, uses_in

PACKAGES: Final = ("wallet", "cards", "payments", "privacy", "demo")
#: Where the document stands in the checkout.
DOCUMENT: Final = "docs/crypto-inventory.md"
CHECKOUT: Final = Path(__file__).resolve().parent.parent.parent
_MEANINGS: Final = Path(__file__).with_name("inventory.toml")


class InventoryStale(Exception):
    """The code and `inventory.toml` do not name the same places; the message names those that differ."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: a primitive in its place, and what it is for."""

    place: str
    algorithm: str
    purpose: str
    key: str
    period: str


def entries(checkout: Path = CHECKOUT) -> list[Entry]:
    """The inventory of this code.

    Raises:
        InventoryStale: a use has no meaning here, or a meaning has no use.
        UsageUnknown: the code uses what the scan does not know.
    """
    meanings = tomllib.loads(_MEANINGS.read_text(encoding="utf-8"))
    uses = uses_in(checkout, PACKAGES)
    missing = sorted({use.place for use in uses} - meanings["places"].keys())
    left_over = sorted(meanings["places"].keys() - {use.place for use in uses})
    if missing or left_over:
        raise InventoryStale(f"not in inventory.toml: {missing}; not in the code: {left_over}")
    return [_entry(use, meanings["places"][use.place], meanings["keys"]) for use in uses]


def document(checkout: Path = CHECKOUT) -> str:
    """The inventory as Markdown.

    Raises:
        InventoryStale: see `entries`.
    """
    meanings = tomllib.loads(_MEANINGS.read_text(encoding="utf-8"))
    lines = [
        "# Cryptographic inventory",
        "",
        "Made from the code by `manage.py crypto_inventory`; a test compares. PCI DSS 12.3.3: read it once a year, and",
        "at each advisory about an algorithm below. Another algorithm takes another `alg` byte in ciphertexts and",
        "wrapped keys (`privacy/crypto/aead.py`), another version of a root, another prefix in passwords.",
        "",
        "## Keys",
        *_table(("key", "where it comes from", "how long it is used"), [
            (name, one["source"], one["period"]) for name, one in meanings["keys"].items()
        ]),
        "",
        "## Outside Python",
        *_table(("what", "algorithm", "decided by"), [
            (one["what"], one["algorithm"], one["by"]) for one in meanings["outside"]
        ]),
        "",
        "## Places",
        *_table(("place", "algorithm", "purpose", "key"), [
            (f"`{one.place}`", one.algorithm, one.purpose, one.key) for one in entries(checkout)
        ]),
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def as_json(checkout: Path = CHECKOUT) -> list[dict[str, str]]:
    """The inventory for programs: each entry's members."""
    return [asdict(one) for one in entries(checkout)]


def _entry(use: Use, meaning: dict[str, str], keys: dict[str, dict[str, Any]]) -> Entry:
    key = meaning.get("key", "none")
    if key not in keys:
        raise InventoryStale(f"{use.place} names the key {key!r}, which inventory.toml does not describe")
    return Entry(use.place, use.algorithm, meaning["for"], key, keys[key]["period"])


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    return ["| " + " | ".join(row) + " |" for row in (head, ("---",) * len(head), *rows)]
