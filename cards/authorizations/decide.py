"""The decision: what is known goes in, yes or no comes out. Nothing is read and nothing is written here."""

from dataclasses import dataclass, field
from datetime import date

from cards.authorizations.codes import Reason
from cards.authorizations.merchants import Merchant, is_among
from cards.issuing.controls import Controls
from wallet.core.money import Money

#: After so many wrong codes on one UTC day a number does not work online until the next (A05).
MISMATCHES_ALLOWED = 3
#: What `issuing_card` says in place of the card's own status while its holder is frozen.
HOLDER_FROZEN = "holder_frozen"


@dataclass(frozen=True, slots=True)
class Proof:
    """What was shown of the card besides its number; all true where the wallet itself pays (a chat payment).

    Args:
        expiry_matches: the date is the card's.
        cvc_matches: the code is the card's; None when none was asked for (a chip).
        is_remote: the card was not present.
    """

    expiry_matches: bool = True
    cvc_matches: bool | None = None
    is_remote: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """A payment that somebody asks for.

    Args:
        amount: zero asks whether the card lives.
        merchant: who asks.
        merchant_mark: keyed hash of the merchant's id: a card's lock is kept as one.
        proof: what was shown.
        is_partial: the merchant takes less.
        own_platform: the reference of the platform link that pays, for chat payments.
    """

    amount: Money
    merchant: Merchant
    merchant_mark: bytes
    proof: Proof = field(default_factory=Proof)
    is_partial: bool = False
    own_platform: str = ""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a card has spent in the windows that are open today, in minor units."""

    day: int = 0
    month: int = 0
    lifetime: int = 0


@dataclass(frozen=True, slots=True)
class NumberTerms:
    """What belongs to the number that was shown and not to its card; a card's own number limits nothing here.

    Args:
        id: of the number; a card's own has the card's.
        is_shredded: it is forgotten: answered like a number that is nobody's.
        accepts: the merchant ids and descriptor prefixes that a token was made for; None: any.
        ends_on: the last day of a token.
        per_payment: most in one payment.
        total: most in its life.
        spent: what its life has used of that.
    """

    id: str = ""
    is_shredded: bool = False
    accepts: tuple[str, ...] | None = None
    ends_on: date | None = None
    per_payment: int | None = None
    total: int | None = None
    spent: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that the decision needs, read at one moment."""

    card_id: str
    holder_id: str
    kind: str
    status: str
    state_version: int
    currency: str
    controls: Controls
    #: The last day on which the card works.
    last_day: date
    today: date
    available: int
    #: What the holder's tier leaves for one payment now; None does not limit.
    tier_left: int | None = None
    #: Whether the holder's tier may pay shops, and in which countries; None: in all.
    is_allowed: bool = True
    tier_countries: frozenset[str] | None = None
    link: str = ""
    domain: tuple[str, ...] = ()
    locked_to: bytes | None = None
    is_used: bool = False
    spent: Spent = field(default_factory=Spent)
    mismatches: int = 0
    is_known: bool = True
    number: NumberTerms = field(default_factory=NumberTerms)


@dataclass(frozen=True, slots=True)
class Approve:
    """Yes, for this much: less than asked only where the merchant takes less."""

    amount: Money


@dataclass(frozen=True, slots=True)
class Decline:
    """No, and why."""

    reason: Reason


def decide(snapshot: Snapshot, ask: Ask) -> Approve | Decline:
    """Decide on one payment."""
    refusal = next((no for check in _CHECKS if (no := check(snapshot, ask)) is not None), None)
    if refusal is not None:
        return Decline(refusal)
    ceilings = _ceilings(snapshot)
    reason, most = min(ceilings, key=lambda ceiling: ceiling[1])
    if ask.amount.minor <= most:
        return Approve(ask.amount)
    if ask.is_partial and most > 0:
        return Approve(Money(most, ask.amount.currency))
    over = next(((why, limit) for why, limit in ceilings if ask.amount.minor > limit), (reason, most))
    return Decline(over[0])


def _identity(snapshot: Snapshot, ask: Ask) -> Reason | None:
    proof = ask.proof
    # First, and for numbers of nobody too: from the fourth guess on all is alike.
    is_try = proof.is_remote or proof.cvc_matches is not None
    if is_try and snapshot.mismatches >= MISMATCHES_ALLOWED:
        return Reason.CVC_LOCKED
    if not snapshot.is_known:
        return Reason.NUMBER_UNKNOWN
    if snapshot.number.is_shredded:
        return Reason.CARD_CLOSED if snapshot.status == "closed" else Reason.NUMBER_ENDED
    if not proof.expiry_matches:
        return Reason.EXPIRY_MISMATCH
    if proof.cvc_matches is False or (proof.is_remote and proof.cvc_matches is None):
        return Reason.CVC_MISMATCH
    return None


def _state(snapshot: Snapshot, ask: Ask) -> Reason | None:
    ends_on = snapshot.number.ends_on
    states = (
        (snapshot.status == "closed", Reason.CARD_CLOSED),
        (snapshot.today > snapshot.last_day, Reason.CARD_EXPIRED),
        (snapshot.status == HOLDER_FROZEN, Reason.WALLET_PAUSED),
        (ends_on is not None and snapshot.today > ends_on, Reason.NUMBER_EXPIRED),
        (snapshot.status != "active", Reason.CARD_FROZEN),
        (ask.amount.currency != snapshot.currency, Reason.CURRENCY),
    )
    return next((reason for is_so, reason in states if is_so), None)


def _given_to(snapshot: Snapshot, ask: Ask) -> Reason | None:
    """Whether the one who asks is the one whom this number was made for."""
    if snapshot.kind == "platform" and not _is_own(snapshot, ask) and not is_among(ask.merchant, snapshot.domain):
        return Reason.OTHER_PLATFORM
    if snapshot.number.accepts is not None and not is_among(ask.merchant, snapshot.number.accepts):
        return Reason.OTHER_PLACE
    if snapshot.locked_to is not None and snapshot.locked_to != ask.merchant_mark:
        return Reason.OTHER_MERCHANT
    if snapshot.kind == "single_use" and snapshot.is_used:
        return Reason.ALREADY_USED
    return None


def _rules(snapshot: Snapshot, ask: Ask) -> Reason | None:
    """The holder's own lists."""
    controls, merchant = snapshot.controls, ask.merchant
    if controls.merchants is not None and not _is_own(snapshot, ask) and not is_among(merchant, controls.merchants):
        return Reason.MERCHANT_NOT_ALLOWED
    if controls.mcc_allow is not None and merchant.mcc not in controls.mcc_allow:
        return Reason.CATEGORY_NOT_ALLOWED
    if controls.mcc_block is not None and merchant.mcc in controls.mcc_block:
        return Reason.CATEGORY_NOT_ALLOWED
    if controls.countries is not None and merchant.country and merchant.country not in controls.countries:
        return Reason.COUNTRY_NOT_ALLOWED
    return None


def _tier(snapshot: Snapshot, ask: Ask) -> Reason | None:
    """What the law lets this holder do; what people may pay people in chat is asked above, where that is known."""
    if _is_own(snapshot, ask):
        return None
    country, allowed = ask.merchant.country, snapshot.tier_countries
    is_abroad = allowed is not None and country != "" and country not in allowed
    return Reason.TIER if is_abroad or not snapshot.is_allowed else None


def _is_own(snapshot: Snapshot, ask: Ask) -> bool:
    return bool(ask.own_platform) and ask.own_platform == snapshot.link


def _ceilings(snapshot: Snapshot) -> list[tuple[Reason, int]]:
    """What each limit leaves for this payment, in the order in which they are named to the holder."""
    controls, spent, number = snapshot.controls, snapshot.spent, snapshot.number
    limits = [
        (Reason.NUMBER_PER_PAYMENT, number.per_payment, 0),
        (Reason.NUMBER_TOTAL, number.total, number.spent),
        (Reason.PER_TRANSACTION, controls.per_transaction, 0),
        (Reason.DAILY, controls.daily, spent.day),
        (Reason.MONTHLY, controls.monthly, spent.month),
        (Reason.LIFETIME, controls.lifetime, spent.lifetime),
        (Reason.TIER, snapshot.tier_left, 0),
        (Reason.NOT_SUFFICIENT_FUNDS, snapshot.available, 0),
    ]
    return [(reason, max(limit - used, 0)) for reason, limit, used in limits if limit is not None]


_CHECKS = (_identity, _state, _given_to, _rules, _tier)
