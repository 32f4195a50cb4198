"""Proposals; written by `sql/proposals.sql` alone."""

from django.db import models
from django.db.models import F, Q

from wallet.approvals.states import ProposalKind, ProposalStatus
from wallet.core.ids import IdField
from wallet.core.models import DatabaseNow
from wallet.core.states import state_check


class Proposal(models.Model):
    """What one of the staff wants done and another must approve."""

    id = IdField("prop")
    kind = models.TextField()
    status = models.TextField(default=ProposalStatus.OPEN.value)
    holder_id = models.TextField()
    amount_minor = models.BigIntegerField()
    currency = models.TextField()
    reason_code = models.TextField()
    #: One line of the proposer's; not shown to the holder.
    reason = models.TextField()
    proposed_by = models.TextField()
    proposed_at = models.DateTimeField(db_default=DatabaseNow())
    expires_at = models.DateTimeField()
    decided_by = models.TextField(default="")
    decided_at = models.DateTimeField(null=True)
    #: The passkey's yes that approved it; good for this one proposal.
    ceremony = models.BigIntegerField(null=True, unique=True)

    class Meta:
        constraints = [
            state_check(ProposalStatus, name="proposal_status"),
            state_check(ProposalKind, field="kind", name="proposal_kind"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="proposal_amount"),
            models.CheckConstraint(
                condition=~Q(status="posted")
                | Q(ceremony__isnull=False) & ~Q(decided_by="") & ~Q(decided_by=F("proposed_by")),
                name="proposal_needs_two",
            ),
            models.CheckConstraint(condition=~Q(proposed_by="") & ~Q(reason=""), name="proposal_says_who_and_why"),
        ]
        indexes = [models.Index(fields=["expires_at"], condition=Q(status="open"), name="proposal_waiting")]

    def __str__(self) -> str:
        return self.id
