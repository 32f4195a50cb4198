"""The console's pages of people: holders, who can be frozen, and the staff."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from wallet.core import clock, staff
from wallet.core.console import Act, ConsolePage, console
from wallet.core.console.forms import ReasonForm
from wallet.core.staff import Power
from wallet.users import freezes
from wallet.users.models import Freeze, Holder
from wallet.users.staff import roles_of


class FreezeForm(ReasonForm):
    """Why."""

    reasons = freezes.REASONS


def _freeze(request: HttpRequest, holder: Holder, values: Mapping[str, Any]) -> None:
    freezes.freeze_holder(holder_id=holder.id, actor=staff.actor_of(request), now=clock.now(), **values)


def _unfreeze(request: HttpRequest, holder: Holder, values: Mapping[str, Any]) -> None:
    freezes.unfreeze_holder(holder_id=holder.id, actor=staff.actor_of(request), now=clock.now(), **values)


def _may_freeze(holder: Holder) -> bool:
    return not holder.is_staff and not freezes.is_frozen(holder.id)


@admin.register(Holder, site=console)
class HolderPage(ConsolePage):
    title, titles = _("person"), _("people")
    list_display = ("id", "created_at", "is_staff", "is_active", "frozen")
    fields = ("id", "created_at", "is_staff", "is_active", "frozen", "roles", "language", "recovered_at")
    list_filter = ("is_staff", "is_active")
    search_fields = ("=id",)
    ordering = ("-created_at", "id")
    acts = (
        Act(
            "freeze", _("Freeze"), Power.FREEZE, FreezeForm, _freeze, _("The wallet is frozen."), _may_freeze,
            explanation=_(
                "Nothing goes out any more: no payment, no card, no link, no number is shown. Money may still come"
                " in, and what is held already settles. The holder reads that the wallet is paused and to"
                " contact support, and never why."
            ),
        ),
        Act(
            "unfreeze", _("Unfreeze"), Power.FREEZE, FreezeForm, _unfreeze, _("The wallet works again."),
            lambda holder: freezes.is_frozen(holder.id),
        ),
    )  # fmt: skip
    #: Lists of the rooms above, by the names of their addresses.
    related: ClassVar = (
        ("admin:wallet_account_changelist", _("Accounts"), "holder_id"),
        ("admin:wallet_line_changelist", _("Activity"), "holder_id"),
        ("admin:cards_card_changelist", _("Cards"), "holder_id"),
        ("admin:cards_authorization_changelist", _("Authorizations"), "holder_id"),
        ("admin:payments_topup_changelist", _("Top-ups"), "holder_id"),
        ("admin:payments_link_changelist", _("Links"), "holder_id"),
        ("admin:privacy_exposure_changelist", _("Exposures"), "holder_id"),
        ("admin:wallet_case_changelist", _("Cases"), "holder_id"),
        ("admin:wallet_staffact_changelist", _("Acts of the staff"), "holder_id"),
        ("admin:wallet_proposal_propose", _("Propose a credit or debit"), "holder_id"),
    )

    def holder_of(self, thing: Holder) -> str:
        """Themselves."""
        return thing.id

    @admin.display(description=_("Frozen"), boolean=True)
    def frozen(self, holder: Holder) -> bool:
        """Whether nothing goes out."""
        return freezes.is_frozen(holder.id)

    @admin.display(description=_("Roles"))
    def roles(self, holder: Holder) -> str:
        """What a member of the staff may do."""
        return ", ".join(roles_of(holder))


@admin.register(Freeze, site=console)
class FreezePage(ConsolePage):
    title, titles = _("frozen holder"), _("frozen holders")
    list_display = ("holder_id", "at")
    fields = ("holder_id", "at")
    search_fields = ("=holder_id",)
    ordering = ("-at",)
