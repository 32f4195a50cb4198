"""The console's pages of proposals: propose for a holder, approve with a passkey, reject."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from wallet.approvals import proposals
from wallet.approvals.models import Proposal
from wallet.approvals.states import ProposalKind, ProposalStatus
from wallet.approvals.words import KINDS, REASONS, STATUSES
from wallet.core import clock, staff
from wallet.core.console import Act, ConsolePage, codes, console, money
from wallet.core.console.forms import NoteForm, ReasonForm
from wallet.core.errors import WalletError
from wallet.core.ids import is_id
from wallet.core.money import parse_money
from wallet.core.problems import STATUS
from wallet.core.staff import Power

_AMOUNT = money("amount_minor", _("Amount"))


class ProposalForm(ReasonForm):
    """What, for whom, how much and why."""

    kind = forms.ChoiceField(label=_("Kind"), choices=list(KINDS.items()))
    holder_id = forms.CharField(label=_("Holder"), max_length=60)
    amount = forms.CharField(label=_("Amount"), max_length=20, widget=forms.TextInput(attrs={"inputmode": "decimal"}))
    currency = forms.ChoiceField(label=_("Currency"), choices=[(one, one) for one in settings.CURRENCIES])
    reasons = REASONS

    field_order = ("kind", "holder_id", "amount", "currency", "reason_code", "reason")


def _approve(request: HttpRequest, proposal: Proposal, _values: Mapping[str, Any]) -> None:
    proposals.approve(request=request, proposal_id=proposal.id, now=clock.now())


def _reject(request: HttpRequest, proposal: Proposal, values: Mapping[str, Any]) -> None:
    proposals.reject(proposal_id=proposal.id, actor=staff.actor_of(request), now=clock.now(), **values)


def _what_is_signed(proposal: Proposal) -> list[tuple[str | Promise, str]]:
    """Nobody signs what they do not see."""
    return [
        (_("Kind"), str(KINDS[proposal.kind])),
        (_("Amount"), _AMOUNT(proposal)),
        (_("Holder"), proposal.holder_id),
        (_("Reason"), f"{REASONS.get(proposal.reason_code, proposal.reason_code)}: {proposal.reason}"),
        (_("Proposed by"), proposal.proposed_by),
    ]


def _is_open(proposal: Proposal) -> bool:
    return proposal.status == ProposalStatus.OPEN and proposal.expires_at > clock.now()


@admin.register(Proposal, site=console)
class ProposalPage(ConsolePage):
    title, titles = _("credit or debit by hand"), _("credits and debits by hand")
    list_display = (
        "id", "proposed_at", "kind", "holder_id", _AMOUNT, "shown_status", "proposed_by",
        "decided_by",
    )  # fmt: skip
    fields = (
        "id", "kind", "holder_id", "shown_amount", "shown_status", "reason_code", "reason", "proposed_by",
        "proposed_at", "expires_at", "decided_by", "decided_at",
    )  # fmt: skip
    list_filter = (
        codes("status", ProposalStatus),
        codes("kind", ProposalKind),
    )
    search_fields = ("=id", "=holder_id")
    ordering = ("-proposed_at", "id")
    acts = (
        Act(
            "approve", _("Approve with your passkey"), Power.APPROVE, forms.Form, _approve, _("Approved and posted."),
            _is_open, binding=proposals.binding_of, facts=_what_is_signed,
            explanation=_(
                "Your passkey signs the amount, the currency and the holder. What you have proposed yourself a second"
                " person must approve."
            ),
        ),
        Act("reject", _("Reject or take back"), Power.READ, NoteForm, _reject, _("Nothing was posted."), _is_open),
    )  # fmt: skip

    @admin.display(description=_("State"))
    def shown_status(self, proposal: Proposal) -> str:
        """In words."""
        is_over = proposal.status == ProposalStatus.OPEN and not _is_open(proposal)
        return str(STATUSES[ProposalStatus.EXPIRED if is_over else ProposalStatus(proposal.status)])

    @admin.display(description=_("Amount"))
    def shown_amount(self, proposal: Proposal) -> str:
        """As money."""
        return _AMOUNT(proposal)

    def more_urls(self) -> list[URLPattern]:
        """The page where one proposes."""
        return [path("propose/", self.admin_site.admin_view(self.propose_view), name="wallet_proposal_propose")]

    def propose_view(self, request: HttpRequest) -> HttpResponse:
        """Ask for a credit or a debit."""
        if not staff.may(request, Power.PROPOSE):
            raise PermissionDenied
        wanted = request.GET.get("holder_id", "")
        initial = {"holder_id": wanted if is_id(wanted, "holder") else ""}
        form = ProposalForm(request.POST if request.method == "POST" else None, initial=initial)
        status = 200
        if form.is_valid():
            try:
                proposal = self._propose(request, form.cleaned_data)
            except WalletError as refusal:
                form.add_error(None, _now(refusal.detail or refusal.title))
                status = STATUS[refusal.kind]
            else:
                messages.success(request, _("Proposed. A second person must approve it within 72 hours."))
                return HttpResponseRedirect(self.url_of(proposal))
        explanation = _("Nothing moves until a second person approves. It is posted against the programme's losses.")
        title = _("Propose a credit or debit")
        return self._form_page(request, None, form, title=title, explanation=explanation, status=status)

    def _propose(self, request: HttpRequest, values: Mapping[str, Any]) -> Proposal:
        return proposals.propose(
            kind=ProposalKind(values["kind"]), holder_id=values["holder_id"].strip(),
            amount=parse_money(values["amount"], values["currency"], get_language() or "en"),
            reason_code=values["reason_code"], reason=values["reason"], actor=staff.actor_of(request), now=clock.now(),
        )  # fmt: skip


console.add_queue(
    _("proposals that wait for a second person"), "admin:wallet_proposal_changelist", "status__exact=open",
    lambda: Proposal.objects.filter(status=ProposalStatus.OPEN, expires_at__gt=clock.now()).count(),
)  # fmt: skip
