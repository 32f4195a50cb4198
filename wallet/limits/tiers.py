"""Who may what: a holder's tier, and the rules that follow from it."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from wallet.core import clock
from wallet.core.errors import Kind, WalletError
from wallet.core.money import Money
from wallet.core.transactions import owns_transaction
from wallet.limits.models import TierOf
from wallet.limits.regimes import Ability, Rules, Tier, regime_at


class TierInsufficient(WalletError):
    """The holder's tier does not allow this; a check of identity may."""

    kind = Kind.FORBIDDEN
    slug = "tier-insufficient"
    title = "This needs a check of your identity first"


def tier_of(holder_id: str) -> Tier:
    """A holder's tier."""
    found = TierOf.objects.filter(holder_id=holder_id).values_list("tier", flat=True).first()
    return Tier(found or Tier.ANONYMOUS)


def rules_of(holder_id: str, *, now: datetime | None = None) -> Rules:
    """What a holder may now."""
    return regime_at(now or clock.now()).tiers[tier_of(holder_id)]


@dataclass(frozen=True, slots=True)
class ShownTier:
    """A tier as a page shows it: amounts in the first currency offered, None where there is no limit."""

    tier: Tier
    may_purchase: bool
    may_pay_people: bool
    stored: Money | None
    payment: Money | None
    day: Money | None
    month: Money | None


def list_tiers(*, now: datetime) -> list[ShownTier]:
    """What each tier may do under the law of the moment."""
    currency = settings.CURRENCIES[0]

    def amount(rules: Rules, units: int | None) -> Money | None:
        minor = rules.minor(units, currency)
        return None if minor is None else Money(minor, currency)

    return [
        ShownTier(
            tier=tier,
            may_purchase=Ability.PURCHASE in rules.abilities,
            may_pay_people=Ability.PAY_PEOPLE in rules.abilities,
            stored=amount(rules, rules.stored),
            payment=amount(rules, rules.payment),
            day=amount(rules, rules.day),
            month=amount(rules, rules.month),
        )
        for tier, rules in regime_at(now).tiers.items()
    ]


def may(holder_id: str, ability: Ability, *, now: datetime) -> bool:
    """Whether the holder's tier allows it."""
    return ability in rules_of(holder_id, now=now).abilities


def require(holder_id: str, ability: Ability, *, now: datetime) -> None:
    """Refuse what the holder's tier does not allow.

    Raises:
        TierInsufficient: it does not.
    """
    if not may(holder_id, ability, now=now):
        raise TierInsufficient(ability=ability.value)


@owns_transaction
def set_tier(*, holder_id: str, tier: Tier, now: datetime) -> None:
    """Put a holder into a tier; money that waited above the old limit comes in with the next sweep."""
    TierOf.objects.update_or_create(holder_id=holder_id, defaults={"tier": tier, "since": now})
