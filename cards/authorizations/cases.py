"""Reasons for which a case waits for a person: what happened, and what to do. docs/card-states.md is made of them."""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class CaseReason(StrEnum):
    """Why no rule decides all of it."""

    INCREMENT_WITHOUT_HOLD = "increment_without_hold"
    REVERSAL_WITHOUT_HOLD = "reversal_without_hold"
    REVERSAL_AFTER_CLEARING = "reversal_after_clearing"
    REVERSAL_BEYOND_HOLD = "reversal_beyond_hold"
    CAPTURE_BEYOND_TOLERANCE = "capture_beyond_tolerance"
    CAPTURE_SEQUENCE_REPEATED = "capture_sequence_repeated"
    CLEARED_AT_A_LOSS = "cleared_at_a_loss"
    OF_NOBODY = "of_nobody"
    ANOTHER_CURRENCY = "another_currency"
    AFTER_ERASURE = "after_erasure"
    REFUND_BEYOND_CLEARING = "refund_beyond_clearing"
    REFUND_REVERSAL_BEYOND_REFUND = "refund_reversal_beyond_refund"
    TAKEN_BACK_AT_A_LOSS = "taken_back_at_a_loss"
    CHARGEBACK_BEYOND_CLEARING = "chargeback_beyond_clearing"
    CHARGEBACK_DECIDED_BEFORE = "chargeback_decided_before"
    CHARGEBACK_TURNED = "chargeback_turned"


@dataclass(frozen=True, slots=True)
class Explained:
    """A reason in words, for the person who looks at it."""

    what: str | Promise
    todo: str | Promise


_CHARGE = _("Charge the holder only if the loss is theirs; otherwise resolve it, and dispute it with the acquirer.")

EXPLAINED: dict[CaseReason, Explained] = {
    CaseReason.INCREMENT_WITHOUT_HOLD: Explained(
        _("An increment came when nothing was open. Nothing is held for it."),
        _("Resolve it; a clearing settles by itself."),
    ),
    CaseReason.REVERSAL_WITHOUT_HOLD: Explained(
        _("A reversal came when nothing was held. Nothing moved."), _("Resolve it; what was held is free already.")
    ),
    CaseReason.REVERSAL_AFTER_CLEARING: Explained(
        _("A reversal came after the clearing. Nothing was credited."),
        _("Ask the acquirer for a refund, then resolve it."),
    ),
    CaseReason.REVERSAL_BEYOND_HOLD: Explained(
        _("More was reversed than was held. What was held is free; the rest moved nothing."),
        _("If the rest had been cleared, ask the acquirer for a refund; then resolve it."),
    ),
    CaseReason.CAPTURE_BEYOND_TOLERANCE: Explained(
        _("More was cleared than the approval and its tolerance allow. What is on the card paid."),
        _("Compare it with the holder's receipt; dispute it with the acquirer if it is wrong."),
    ),
    CaseReason.CAPTURE_SEQUENCE_REPEATED: Explained(
        _("The same part of a clearing came under two references. Both were paid, as the network settles both."),
        _("Dispute one of them with the acquirer."),
    ),
    CaseReason.CLEARED_AT_A_LOSS: Explained(
        _("The card had less than was cleared. The programme paid the rest."), _CHARGE
    ),
    CaseReason.OF_NOBODY: Explained(
        _("It names a number that is nobody's. The programme paid it, or keeps it apart."),
        _("Ask the acquirer for whom it was."),
    ),
    CaseReason.ANOTHER_CURRENCY: Explained(
        _("It is in another currency than the card's. The programme paid it, or keeps it apart."),
        _("Charge or give it to the holder in that currency, or resolve it."),
    ),
    CaseReason.AFTER_ERASURE: Explained(
        _("The holder has left. The programme paid it, or keeps it apart."),
        _("Resolve it: there is nobody to charge or give it to."),
    ),
    CaseReason.REFUND_BEYOND_CLEARING: Explained(
        _("More was refunded than was cleared. The holder has it."),
        _("Ask the acquirer; a refund that was wrong gets a reversal."),
    ),
    CaseReason.REFUND_REVERSAL_BEYOND_REFUND: Explained(
        _("More was taken back than was refunded. The holder lost nothing; a refund that may come is set against it."),
        _("Ask the acquirer for the refund that it belongs to."),
    ),
    CaseReason.TAKEN_BACK_AT_A_LOSS: Explained(
        _("A refund or a provisional credit was taken back after it had been spent. The programme paid the rest."),
        _CHARGE,
    ),
    CaseReason.CHARGEBACK_BEYOND_CLEARING: Explained(
        _("More was disputed than the holder has paid and not got back. The rest has no provisional credit."),
        _("Check what was cleared; if the dispute is won, the rest comes with it."),
    ),
    CaseReason.CHARGEBACK_DECIDED_BEFORE: Explained(
        _("A chargeback was decided the same way again. Nothing moved."), _("Resolve it.")
    ),
    CaseReason.CHARGEBACK_TURNED: Explained(
        _("A chargeback that had been decided was decided the other way. The programme paid it, or keeps it apart."),
        _("If the new outcome stands, charge the holder what was lost, or give the holder what was won."),
    ),
}
