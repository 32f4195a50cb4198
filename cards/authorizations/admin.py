"""The console's pages of card payments, and the exception queue."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from cards.authorizations import exceptions
from cards.authorizations.models import Authorization, QueuedCase
from cards.authorizations.states import CaseStatus
from privacy.exposure.schema import ClosedSchema, Member
from privacy.fields import FieldClass
from wallet.core import clock, staff
from wallet.core.console import Act, ConsolePage, console, money
from wallet.core.console.forms import NoteForm
from wallet.core.members import PublicIdField, StrictCharField
from wallet.core.money import format_money
from wallet.core.staff import Power
from wallet.core.transactions import owns_transaction


class AuthorizationLook(ClosedSchema):
    """Where somebody buys."""

    id = PublicIdField("auth", label=_("Id"))
    merchant = StrictCharField(max_length=300, allow_blank=True, label=_("Shop"))

    class Meta:
        schema = "staff_authorization"
        members = {
            "id": Member(FieldClass.OBJECT_ID, about=("person",)),
            "merchant": Member(FieldClass.PURCHASE_MERCHANT, about=("person",)),
        }


_ASKED, _HELD = money("requested_minor", _("Asked")), money("held_minor", _("Held"))
_CLEARED = money("captured_minor", _("Cleared"))


@admin.register(Authorization, site=console)
class AuthorizationPage(ConsolePage):
    title, titles = _("authorization"), _("authorizations")
    list_display = ("id", "decided_at", "holder_id", "card_id", "status", _ASKED, _HELD, _CLEARED, "reason")
    fields = (
        "id", "decided_at", "holder_id", "card_id", "status", _ASKED, money("authorized_minor", _("Approved")), _HELD,
        money("reversed_minor", _("Reversed")), _CLEARED, money("refunded_minor", _("Refunded")), "entry", "reason",
        "response_code", "expires_at",
    )  # fmt: skip
    list_filter = ("status",)
    search_fields = ("=id", "=holder_id", "=card__id")
    ordering = ("-decided_at", "-id")
    look = AuthorizationLook

    def personal(self, thing: Authorization) -> Mapping[str, Any]:
        """Opened for one look."""
        return {"id": thing.id, "merchant": str((thing.merchant or {}).get("name") or "")}


def _note(request: HttpRequest, case: QueuedCase, act: str, note: str) -> dict[str, Any]:
    """What each service of the queue is given; the staff's own record is written beside it."""
    now, actor = clock.now(), staff.actor_of(request)
    why = staff.reason_text(note)
    payment = Authorization.objects.filter(id=case.authorization_id).values_list("holder_id", flat=True).first()
    staff.record(
        actor=actor, act=f"exception.{act}", subject=f"cards_queuedcase:{case.pk}", holder_id=payment or "",
        reason_code=case.reason, reason=why, now=now,
    )  # fmt: skip
    return {"case_id": case.pk, "actor": actor, "note": why, "now": now}


@owns_transaction
def _resolve(request: HttpRequest, case: QueuedCase, values: Mapping[str, Any]) -> None:
    exceptions.resolve(**_note(request, case, "resolve", values["reason"]))


@owns_transaction
def _charge(request: HttpRequest, case: QueuedCase, values: Mapping[str, Any]) -> None:
    exceptions.charge_to_holder(**_note(request, case, "charge", values["reason"]))


@owns_transaction
def _give(request: HttpRequest, case: QueuedCase, values: Mapping[str, Any]) -> None:
    exceptions.give_to_holder(**_note(request, case, "give", values["reason"]))


def _shown(case: QueuedCase) -> exceptions.Case:
    return exceptions.show([case])[0]


@admin.register(QueuedCase, site=console)
class ExceptionPage(ConsolePage):
    title, titles = _("exception of the card network"), _("exceptions of the card network")
    list_display = ("id", "at", "what", "authorization_id", money("amount_minor", _("Amount")), "lost", "status")
    fields = (
        "id", "at", "what", "todo", "reason", "network", "kind", "ref", "authorization_id", "holder",
        money("amount_minor", _("Amount")), "lost", "kept", "status", "resolved_at",
    )  # fmt: skip
    list_filter = ("status",)
    search_fields = ("=authorization_id", "=ref")
    ordering = ("at", "id")
    acts = (
        Act("resolve", _("Resolve with a note"), Power.WORK_CASES, NoteForm, _resolve, _("The case is closed."),
            lambda case: case.status == CaseStatus.OPEN, explanation=_("Closes the case; no money moves.")),
        Act("charge", _("Charge the loss to the holder"), Power.WORK_CASES, NoteForm, _charge, _("The holder pays."),
            lambda case: _shown(case).may_charge,
            explanation=_("What is free in the wallet pays; the rest is owed, and the next top-up repays it.")),
        Act("give", _("Give it to the holder"), Power.WORK_CASES, NoteForm, _give, _("The holder has it."),
            lambda case: _shown(case).may_give,
            explanation=_("The money that the programme keeps apart for this case goes to the holder.")),
    )  # fmt: skip

    @admin.display(description=_("What happened"))
    def what(self, case: QueuedCase) -> str:
        """In words."""
        return str(_shown(case).what)

    @admin.display(description=_("What to do"))
    def todo(self, case: QueuedCase) -> str:
        """In words."""
        return str(_shown(case).todo)

    @admin.display(description=_("Holder"))
    def holder(self, case: QueuedCase) -> str:
        """Whose payment it was."""
        return _shown(case).holder

    @admin.display(description=_("Lost by the programme"))
    def lost(self, case: QueuedCase) -> str:
        """What may be charged."""
        return format_money(_shown(case).lost, get_language() or "en")

    @admin.display(description=_("Kept apart"))
    def kept(self, case: QueuedCase) -> str:
        """What may be given."""
        return format_money(_shown(case).kept, get_language() or "en")


console.add_queue(
    _("exceptions of the card network"), "admin:cards_queuedcase_changelist", "status__exact=open",
    lambda: exceptions.list_open().count(),
)  # fmt: skip
