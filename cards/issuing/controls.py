"""What a card may be used for, as the holder set it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

#: Limits in minor units of the card's currency.
AMOUNTS = ("per_transaction", "daily", "monthly", "lifetime")
LISTS = ("merchants", "mcc_allow", "mcc_block", "countries")


@dataclass(frozen=True, slots=True)
class Controls:
    """Limits in minor units, and lists; None does not limit.

    Windows are calendar days and months in UTC; `lifetime` never starts again (settled.md 33).
    """

    per_transaction: int | None = None
    daily: int | None = None
    monthly: int | None = None
    lifetime: int | None = None
    merchants: tuple[str, ...] | None = None
    mcc_allow: tuple[str, ...] | None = None
    mcc_block: tuple[str, ...] | None = None
    countries: tuple[str, ...] | None = None

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read the column."""
        members: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in stored.items()}
        return cls(**members)

    def as_json(self) -> dict[str, Any]:
        """The column: what is set."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if value is not None
        }

    def as_body(self, currency: str) -> dict[str, Any]:
        """The API's shape: every member, amounts as money, null where nothing is set."""
        stored = self.as_json()
        body: dict[str, Any] = {field.name: stored.get(field.name) for field in fields(self)}
        for name in AMOUNTS:
            if body[name] is not None:
                body[name] = {"value": body[name], "currency": currency}
        return body
