"""Why a payment was declined, and what the network hears of it (ISO 8583 field 39).

The holder reads the words that `wallet.activity` has for each reason.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Every reason for a no; the network learns only the code."""

    NUMBER_UNKNOWN = "number_unknown"
    EXPIRY_MISMATCH = "expiry_mismatch"
    CVC_MISMATCH = "cvc_mismatch"
    CVC_LOCKED = "cvc_locked"
    NUMBER_ENDED = "number_ended"
    CARD_CLOSED = "card_closed"
    CARD_EXPIRED = "card_expired"
    NUMBER_EXPIRED = "number_expired"
    CARD_FROZEN = "card_frozen"
    CURRENCY = "currency"
    OTHER_PLATFORM = "other_platform"
    OTHER_PLACE = "other_place"
    OTHER_MERCHANT = "other_merchant"
    MERCHANT_NOT_ALLOWED = "merchant_not_allowed"
    CATEGORY_NOT_ALLOWED = "category_not_allowed"
    COUNTRY_NOT_ALLOWED = "country_not_allowed"
    ALREADY_USED = "already_used"
    NUMBER_PER_PAYMENT = "number_per_payment"
    NUMBER_TOTAL = "number_total"
    PER_TRANSACTION = "per_transaction"
    DAILY = "daily"
    MONTHLY = "monthly"
    LIFETIME = "lifetime"
    TIER = "tier"
    NOT_SUFFICIENT_FUNDS = "not_sufficient_funds"
    WALLET_PAUSED = "wallet_paused"
    UNAVAILABLE = "unavailable"
    #: The network said no without asking us, for a reason of its own.
    NETWORK_REFUSED = "network_refused"


APPROVED = "00"
PARTIALLY_APPROVED = "10"

#: A wrong number, expiry or code, an ended number, a locked and a closed card are one answer: nobody learns which cards
#: exist (A06).
RESPONSE_CODE: dict[Reason, str] = {
    Reason.NUMBER_UNKNOWN: "05",
    Reason.EXPIRY_MISMATCH: "05",
    Reason.CVC_MISMATCH: "05",
    Reason.CVC_LOCKED: "05",
    Reason.NUMBER_ENDED: "05",
    Reason.CARD_CLOSED: "05",
    Reason.CARD_EXPIRED: "54",
    Reason.NUMBER_EXPIRED: "54",
    Reason.CARD_FROZEN: "62",
    Reason.CURRENCY: "57",
    Reason.OTHER_PLATFORM: "57",
    Reason.OTHER_PLACE: "57",
    Reason.OTHER_MERCHANT: "57",
    Reason.MERCHANT_NOT_ALLOWED: "57",
    Reason.CATEGORY_NOT_ALLOWED: "57",
    Reason.COUNTRY_NOT_ALLOWED: "57",
    Reason.ALREADY_USED: "65",
    Reason.NUMBER_PER_PAYMENT: "61",
    Reason.NUMBER_TOTAL: "61",
    Reason.PER_TRANSACTION: "61",
    Reason.DAILY: "61",
    Reason.MONTHLY: "61",
    Reason.LIFETIME: "61",
    Reason.TIER: "61",
    Reason.NOT_SUFFICIENT_FUNDS: "51",
    Reason.WALLET_PAUSED: "62",
    Reason.UNAVAILABLE: "91",
    Reason.NETWORK_REFUSED: "05",
}

#: The number was given to one party and somebody else tried it.
LEAKS = frozenset({Reason.OTHER_PLATFORM, Reason.OTHER_PLACE, Reason.OTHER_MERCHANT})

#: Somebody guesses: counted for each number and day. A shredded number counts like one that is nobody's.
MISMATCHES = frozenset(
    {Reason.EXPIRY_MISMATCH, Reason.CVC_MISMATCH, Reason.NUMBER_UNKNOWN, Reason.NUMBER_ENDED, Reason.CARD_CLOSED}
)
