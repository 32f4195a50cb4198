"""The console's page of the monitoring queue."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from wallet.core import clock, staff
from wallet.core.console import Act, ConsolePage, codes, console
from wallet.core.console.forms import NoteForm
from wallet.core.staff import Power
from wallet.monitoring import cases
from wallet.monitoring.models import Case
from wallet.monitoring.rules import TITLES
from wallet.monitoring.states import CaseStatus


def _take(request: HttpRequest, case: Case, _values: Mapping[str, Any]) -> None:
    cases.take_case(case_id=case.id, actor=staff.actor_of(request), now=clock.now())


def _close(request: HttpRequest, case: Case, values: Mapping[str, Any]) -> None:
    cases.close_case(case_id=case.id, note=values["reason"], actor=staff.actor_of(request), now=clock.now())


def _escalate(request: HttpRequest, case: Case, values: Mapping[str, Any]) -> None:
    cases.escalate_case(case_id=case.id, note=values["reason"], actor=staff.actor_of(request), now=clock.now())


def _is_open(case: Case) -> bool:
    return case.status == CaseStatus.OPEN


@admin.register(Case, site=console)
class CasePage(ConsolePage):
    title, titles = _("case of the monitoring queue"), _("cases of the monitoring queue")
    list_display = ("id", "opened_at", "what", "holder_id", "window", "status", "assigned_to")
    fields = (
        "id", "opened_at", "what", "rule", "version", "holder_id", "window", "facts", "refs", "status", "assigned_to",
        "closed_at", "closed_by",
    )  # fmt: skip
    list_filter = (
        codes("status", CaseStatus),
        codes("rule", TITLES),
    )
    search_fields = ("=id", "=holder_id")
    ordering = ("status", "opened_at", "id")
    acts = (
        Act("take", _("Take it"), Power.WORK_CASES, forms.Form, _take, _("It is yours."), _is_open),
        Act("close", _("Close with a note"), Power.WORK_CASES, NoteForm, _close, _("The case is closed."), _is_open),
        Act(
            "escalate", _("Freeze the holder"), Power.FREEZE, NoteForm, _escalate, _("The wallet is frozen."), _is_open,
            explanation=_(
                "The case ends here and the wallet is frozen. The holder reads that it is paused, and never why."
            ),
        ),
    )  # fmt: skip

    @admin.display(description=_("What"))
    def what(self, case: Case) -> str:
        """The rule in words."""
        return str(TITLES.get(case.rule, case.rule))


console.add_queue(
    _("cases of the monitoring queue"), "admin:wallet_case_changelist", "status__exact=open",
    lambda: Case.objects.filter(status=CaseStatus.OPEN).count(),
)  # fmt: skip
