"""The law's limits as a table (settled.md 9). Read it with its source beside it; change it only with the law."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from wallet.core.money import exponent


class Tier(StrEnum):
    """How well a holder is known."""

    ANONYMOUS = "anonymous"
    VERIFIED = "verified"


class Ability(StrEnum):
    """What a tier may allow."""

    HOLD = "hold"
    PURCHASE = "purchase"
    #: Paying and being paid by people: anonymous e-money may buy goods and services only (AMLD5 art. 12(1)(c)).
    PAY_PEOPLE = "pay_people"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class Rules:
    """What one tier may do, in whole currency units; None does not limit."""

    abilities: frozenset[Ability]
    stored: int | None = None
    payment: int | None = None
    day: int | None = None
    month: int | None = None
    #: ISO 3166 codes of countries where may be paid; None: everywhere.
    countries: frozenset[str] | None = None

    def minor(self, units: int | None, currency: str) -> int | None:
        """A limit in minor units of a currency."""
        return None if units is None else units * 10 ** exponent(currency)


@dataclass(frozen=True, slots=True)
class Regime:
    """One law."""

    name: str
    law: str | Promise
    tiers: Mapping[Tier, Rules]
    #: From this day on another one holds.
    until: date | None = None
    successor: str = ""


_ALL = frozenset(Ability)
_NOTHING: frozenset[Ability] = frozenset()
_EEA = frozenset({
    "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IS", "IE", "IT", "LV", "LI", "LT",
    "LU", "MT", "NL", "NO", "PL", "PT", "RO", "SK", "SI", "ES", "SE",
})  # fmt: skip
_PLAY = Rules(abilities=_ALL, stored=10_000, day=10_000)

REGIMES: Mapping[str, Regime] = {
    "sandbox": Regime(
        name="sandbox",
        law=_("No law: test money of a sandbox."),
        tiers={Tier.ANONYMOUS: _PLAY, Tier.VERIFIED: _PLAY},
    ),
    "eu-amld5": Regime(
        name="eu-amld5",
        law=_("Directive (EU) 2015/849 art. 12 as amended by Directive (EU) 2018/843; applies until 2027-07-09."),
        tiers={
            Tier.ANONYMOUS: Rules(
                abilities=frozenset({Ability.HOLD, Ability.PURCHASE}), stored=150, payment=50, month=150, countries=_EEA
            ),
            Tier.VERIFIED: Rules(abilities=_ALL),
        },
        until=date(2027, 7, 10),
        successor="eu-amlr",
    ),
    "eu-amlr": Regime(
        name="eu-amlr",
        law=_("Regulation (EU) 2024/1624, applies from 2027-07-10: anonymous reloadable cards end."),
        tiers={Tier.ANONYMOUS: Rules(abilities=_NOTHING, stored=0, payment=0), Tier.VERIFIED: Rules(abilities=_ALL)},
    ),
}


def regime_at(now: datetime) -> Regime:
    """The law that holds at a moment: the configured one, or what has followed it."""
    regime = REGIMES[settings.REGIME]
    while regime.until is not None and now.date() >= regime.until:
        regime = REGIMES[regime.successor]
    return regime
