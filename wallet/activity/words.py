"""Codes in words, in the reader's language: what a line is, how it stands, why something was declined and what to do.

Upper rooms write codes only. A code that is not here gets the general sentence, never an error.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Reason:
    """Why not, and what to do next."""

    text: str | Promise
    next_step: str | Promise


KINDS: dict[str, str | Promise] = {
    "top_up": _("Top-up"),
    "top_up_refund": _("Top-up given back"),
    "top_up_dispute": _("Dispute about a top-up"),
    "withdrawal": _("Withdrawal"),
    "card_load": _("Card loaded"),
    "card_unload": _("Taken off a card"),
    "card_sweep": _("Taken off a card"),
    "card_payment": _("Card payment"),
    "card_refund": _("Refund to a card"),
    "card_dispute": _("Dispute about a card payment"),
    "card_loss": _("Card payment beyond what was on the card"),
    "payment": _("Payment"),
    "payment_sent": _("Payment sent"),
    "payment_received": _("Payment received"),
    "refund_sent": _("Refund sent"),
    "refund_received": _("Refund received"),
    "manual_credit": _("Credit from the operator"),
    "manual_debit": _("Correction by the operator"),
    "shortfall_repaid": _("Repaid what was owed"),
    "parked": _("Waiting above your limit"),
    "parked_taken_in": _("Taken in from waiting"),
    "parked_returned": _("Went back to its sender"),
}

STATUSES: dict[str, str | Promise] = {
    "done": _("done"),
    "succeeded": _("done"),
    "settled": _("done"),
    "captured": _("done"),
    "paid": _("done"),
    "held": _("held"),
    "approved": _("held"),
    "pending": _("in progress"),
    "created": _("in progress"),
    "declined": _("declined"),
    "failed": _("failed"),
    "canceled": _("canceled"),
    "expired": _("expired"),
    "released": _("released"),
    "reversed": _("released"),
    "refunded": _("refunded"),
    "parked": _("waiting"),
    "disputed": _("disputed"),
}

_UNKNOWN = Reason(_("It was not allowed"), _("Look at the card's rules and your limits, then try again."))

REASONS: dict[str, Reason] = {
    "expiry_mismatch": Reason(_("The expiry date was wrong"), _("Type the date on the card's page again.")),
    "cvc_mismatch": Reason(_("The security code was wrong"), _("Type the three digits on the card's page again.")),
    "cvc_locked": Reason(
        _("The security code was wrong three times today"),
        _("The card works online again tomorrow. If that was not you, close it and make a new one."),
    ),
    "number_ended": Reason(
        _("The number was ended, and somebody still tried it"),
        _("If you still buy there, give that shop a new number."),
    ),
    "card_closed": Reason(_("The card is closed"), _("Use another card.")),
    "card_expired": Reason(_("The card has expired"), _("Make a new card.")),
    "number_expired": Reason(_("The last day of this number is over"), _("Make a new number for this shop.")),
    "card_frozen": Reason(_("The card is frozen"), _("Unfreeze it, then try again.")),
    "currency": Reason(_("The shop asked for another currency"), _("Use a card in that currency.")),
    "other_platform": Reason(
        _("This card works for one platform only, and somebody else tried it"),
        _("If that was not you, close the card and make a new one."),
    ),
    "other_place": Reason(
        _("This number was made for another place, and somebody tried it here"),
        _("If that was not you, end the number and make a new one for its place."),
    ),
    "other_merchant": Reason(
        _("This card is locked to another shop"), _("If that was not you, close the card and make a new one.")
    ),
    "merchant_not_allowed": Reason(_("This shop is not on the card's list"), _("Add it to the card's rules.")),
    "category_not_allowed": Reason(_("This kind of shop is not allowed"), _("Change the card's rules.")),
    "country_not_allowed": Reason(_("This country is not allowed"), _("Change the card's rules.")),
    "already_used": Reason(_("This card was for one payment and has been used"), _("Make a new card.")),
    "number_per_payment": Reason(
        _("More than this number allows at once"), _("Make a number with a higher limit, or use another card.")
    ),
    "number_total": Reason(_("The total limit of this number is reached"), _("Make a new number for this shop.")),
    "per_transaction": Reason(_("More than the card allows at once"), _("Raise the limit for one payment.")),
    "daily": Reason(_("The card's limit for today is reached"), _("Raise it, or wait until tomorrow.")),
    "monthly": Reason(_("The card's limit for this month is reached"), _("Raise it, or wait until next month.")),
    "lifetime": Reason(_("The card's total limit is reached"), _("Raise it, or make a new card.")),
    "tier": Reason(_("Your account's limit is reached"), _("See your limits in the settings.")),
    "not_sufficient_funds": Reason(_("There is not enough money on the card"), _("Load the card, then try again.")),
    "wallet_paused": Reason(_("Your wallet is paused"), _("Please contact support.")),
    "unavailable": Reason(_("We could not decide in time"), _("Try again.")),
    "network_refused": Reason(
        _("The card network refused it without asking us"), _("Try again later, or use another card.")
    ),
    "authentication_failed": Reason(_("Your bank did not confirm it was you"), _("Try again, or use another card.")),
    "card_declined": Reason(_("Your bank declined the card"), _("Ask your bank, or use another card.")),
    #: What a payment provider says without more, and its refusal to begin at all.
    "declined": Reason(_("Your bank declined the card"), _("Ask your bank, or use another card.")),
    "refused": _UNKNOWN,
    "unavailable_gateway": Reason(_("The payment service did not answer"), _("Nothing was taken. Try again later.")),
    "mandate": Reason(_("More than this platform may take in one tap"), _("Approve it yourself, or raise its limit.")),
}


def kind(code: str) -> str:
    """What a line is."""
    return str(KINDS.get(code, code.replace("_", " ")))


def status(code: str) -> str:
    """How it stands."""
    return str(STATUSES.get(code, code.replace("_", " ")))


def reason(code: str) -> Reason | None:
    """Why it was declined and what to do; None where nothing was."""
    return REASONS.get(code, _UNKNOWN) if code else None
