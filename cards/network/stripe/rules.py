"""What Stripe's copy of a card should say: its state, and the rules that Stripe can hold as well.

Stripe's copy is a second lock, never the first: each payment is decided here. Merchants and categories by number stay
here, because Stripe has other words for them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cards.issuing.controls import Controls
from cards.issuing.models import Card
from cards.issuing.place_numbers import Token
from cards.issuing.states import CardKind, CardStatus

#: Where nothing limits a payment, Stripe's own ceiling does: a list of limits cannot be emptied there.
_NO_LIMIT: Final = 99_999_999
_STATUS: Final = {CardStatus.ACTIVE: "active", CardStatus.FROZEN: "inactive", CardStatus.CLOSED: "canceled"}


@dataclass(frozen=True, slots=True)
class Copy:
    """What Stripe holds, or should hold, of one number.

    Args:
        status: `active`, `inactive`, `canceled`.
        limits: interval → minor units.
        countries: where it works; empty: anywhere.
    """

    status: str
    limits: Mapping[str, int]
    countries: frozenset[str]

    def differing(self, other: "Copy") -> list[str]:
        """Names of what differs."""
        if self.status == other.status == "canceled":
            return []
        return [name for name in ("status", "limits", "countries") if getattr(self, name) != getattr(other, name)]

    def spending_controls(self) -> dict[str, Any]:
        """As a parameter of Stripe's; an empty value unsets."""
        limits = [{"amount": amount, "interval": interval} for interval, amount in sorted(self.limits.items())]
        return {"spending_limits": limits, "allowed_merchant_countries": sorted(self.countries) or ""}


def wanted(card: Card, token: Token | None) -> Copy:
    """What Stripe should hold of a card's own number, or of one for a place."""
    controls = Controls.from_json(card.controls)
    limits = {
        "per_authorization": controls.per_transaction, "daily": controls.daily, "monthly": controls.monthly,
        "all_time": controls.lifetime,
    }  # fmt: skip
    has_ended = False
    if token is not None:
        has_ended = token.ended_at is not None
        limits["per_authorization"] = _less(limits["per_authorization"], token.limits.per_payment)
        limits["all_time"] = _less(limits["all_time"], token.limits.total)
    set_ones = {interval: min(amount, _NO_LIMIT) for interval, amount in limits.items() if amount is not None}
    return Copy(
        status="canceled" if has_ended else _STATUS[CardStatus(card.status)],
        limits={"per_authorization": _NO_LIMIT, **set_ones},
        countries=frozenset(controls.countries or ()),
    )


def seen(theirs: Any) -> Copy:
    """What a card of Stripe's says."""
    controls = theirs.spending_controls
    return Copy(
        status=str(theirs.status),
        limits={str(one.interval): int(one.amount) for one in controls.spending_limits or ()},
        countries=frozenset(controls.allowed_merchant_countries or ()),
    )


def may_cancel_itself(card: Card) -> bool:
    """Whether Stripe ends the card after a payment, as it was told to."""
    return card.kind == CardKind.SINGLE_USE


def _less(one: int | None, other: int | None) -> int | None:
    return min((amount for amount in (one, other) if amount is not None), default=None)
