"""The first statement: what is known, of one moment."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import orjson

from cards.authorizations.decide import NumberTerms, Proof, Snapshot, Spent
from cards.issuing.controls import Controls
from cards.issuing.numbers import Evidence, last_day, open_merchant
from wallet.core.transactions import one_statement
from wallet.limits.regimes import Ability, Rules, Tier, regime_at
from wallet.limits.windows import Caps

_COLUMNS = (
    "now", "today", "seen", "mismatches", "card_id", "cvc_version", "expiry", "merchants", "holder_id", "kind",
    "status", "state_version", "currency", "controls", "link", "day_minor", "month_minor", "lifetime_minor",
    "approvals", "locked_to", "available", "tier", "tier_day", "tier_month", "number_id", "is_shredded", "ends_on",
    "per_payment_minor", "total_minor", "spent_minor", "place", "place_version",
)  # fmt: skip
_QUERY = f"SELECT {', '.join(_COLUMNS)} FROM cards_snapshot(%s, %s, %s, %s)"  # noqa: S608 - names of ours


@dataclass(frozen=True, slots=True)
class Seen:
    """The same message, when it came first."""

    body_hash: bytes
    answer: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SealedPlace:
    """The merchant that a token was made for, as it is stored."""

    version: int
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Reading:
    """A snapshot, and what belongs to the message and not to the decision."""

    snapshot: Snapshot
    now: datetime
    seen: Seen | None
    expiry: str
    cvc_version: int | None
    caps: Caps
    place: SealedPlace | None = None

    @property
    def holder_id(self) -> str | None:
        """Whom the answer is about, if anybody."""
        return self.snapshot.holder_id or None

    def expiry_matches(self, presented: Evidence) -> bool:
        """Whether the date is the card's."""
        return presented.expiry_matches(self.expiry)

    def snapshot_for(self, proof: Proof) -> Snapshot:
        """The snapshot, with the merchant of a token opened for who has shown the right date and code.

        For anybody else nothing is opened, so a guess costs the same whoever's number it is (A06); unopened, a place
        accepts nobody.
        """
        if self.place is None or not proof.expiry_matches or proof.cvc_matches is False:
            return self.snapshot
        number = self.snapshot.number
        merchant = open_merchant(
            number_id=number.id, holder_id=self.snapshot.holder_id, version=self.place.version, sealed=self.place.sealed
        )
        return replace(self.snapshot, number=replace(number, accepts=(merchant,)))


def read(*, index: bytes | None = None, number_id: str | None = None, network: str = "", ref: str = "") -> Reading:
    """Read the snapshot of a card by the index of its number, or by a number's id; of nobody's if there is none.

    A card's own number has the card's id: so a card is read by its id.
    """
    with one_statement() as cursor:
        cursor.execute(_QUERY, [index, number_id, network, ref])
        row = dict(zip(_COLUMNS, cursor.fetchone(), strict=True))
    is_known = row["holder_id"] is not None
    seen = _json(row["seen"])
    rules = regime_at(row["now"]).tiers[Tier(row["tier"])]
    caps = _caps_of(rules, row["currency"] or "EUR")
    snapshot = Snapshot(
        card_id=row["card_id"] if is_known else "",
        holder_id=row["holder_id"] or "",
        kind=row["kind"] or "",
        status=row["status"] or "",
        state_version=row["state_version"] or 0,
        currency=row["currency"] or "",
        controls=Controls.from_json(_json(row["controls"]) or {}),
        last_day=last_day(row["expiry"]) if is_known else date.min,
        today=row["today"],
        available=row["available"] or 0,
        link=row["link"] or "",
        domain=tuple(row["merchants"] or ()),
        locked_to=None if row["locked_to"] is None else bytes(row["locked_to"]),
        is_used=(row["approvals"] or 0) > 0,
        spent=Spent(row["day_minor"] or 0, row["month_minor"] or 0, row["lifetime_minor"] or 0),
        mismatches=row["mismatches"] or 0,
        tier_left=_left(caps, row["tier_day"], row["tier_month"]),
        is_allowed=Ability.PURCHASE in rules.abilities,
        tier_countries=rules.countries,
        is_known=is_known,
        number=_number_of(row),
    )
    return Reading(
        snapshot=snapshot,
        now=row["now"],
        seen=None if seen is None else Seen(bytes.fromhex(seen["body_hash"]), seen["answer"]),
        expiry=row["expiry"] or "",
        cvc_version=row["cvc_version"],
        caps=caps,
        place=None if row["place"] is None else SealedPlace(row["place_version"], bytes(row["place"])),
    )


def _number_of(row: dict[str, Any]) -> NumberTerms:
    accepts = row["merchants"]
    if row["place"] is not None:
        accepts = ()
    elif row["number_id"] == row["card_id"]:
        # A platform card's own number: the card's kind says what it accepts.
        accepts = None
    return NumberTerms(
        id=row["number_id"] or "", is_shredded=bool(row["is_shredded"]),
        accepts=None if accepts is None else tuple(accepts), ends_on=row["ends_on"],
        per_payment=row["per_payment_minor"], total=row["total_minor"], spent=row["spent_minor"] or 0,
    )  # fmt: skip


def _caps_of(rules: Rules, currency: str) -> Caps:
    return Caps(
        stored=rules.minor(rules.stored, currency), payment=rules.minor(rules.payment, currency),
        day=rules.minor(rules.day, currency), month=rules.minor(rules.month, currency),
    )  # fmt: skip


def _left(caps: Caps, day: int, month: int) -> int | None:
    """What the holder's tier leaves for one payment now."""
    limits = [(caps.payment, 0), (caps.day, day), (caps.month, month)]
    return min((max(cap - used, 0) for cap, used in limits if cap is not None), default=None)


def _json(value: Any) -> Any:
    return orjson.loads(value) if isinstance(value, str | bytes) else value
