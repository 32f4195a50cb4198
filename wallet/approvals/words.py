"""Codes of proposals in words, in the reader's language."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from wallet.approvals.states import ProposalKind, ProposalStatus

KINDS: Final[dict[str, str | Promise]] = {
    ProposalKind.MANUAL_CREDIT: _("Credit"),
    ProposalKind.MANUAL_DEBIT: _("Debit"),
}

STATUSES: Final[dict[str, str | Promise]] = {
    ProposalStatus.OPEN: _("waits for a second person"),
    ProposalStatus.POSTED: _("approved and posted"),
    ProposalStatus.REJECTED: _("rejected or taken back"),
    ProposalStatus.EXPIRED: _("expired"),
}

REASONS: Final[dict[str, str | Promise]] = {
    "goodwill": _("Goodwill"),
    "correction": _("Correction of a mistake of ours"),
    "late_refund": _("A refund that the merchant owes and does not send"),
    "dispute": _("Outcome of a complaint"),
}
