"""The console's pages of the floor: promised work, states, and what the staff did."""

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from wallet.core import clock, outbox, staff
from wallet.core.console import ConsolePage, console
from wallet.core.models import OutboxEntry, StaffAct, StateChange
from wallet.core.staff import Power


class Waiting(admin.SimpleListFilter):
    """Done, waiting, laid aside."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:  # noqa: ARG002 - Django's signature
        """What may be picked."""
        return [("dead", _("laid aside")), ("waiting", _("waiting")), ("done", _("done"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002 - the same
        """What was picked."""
        if self.value() == "dead":
            return queryset.exclude(dead_at=None)
        if self.value() == "waiting":
            return queryset.filter(done_at=None, dead_at=None)
        return queryset.exclude(done_at=None) if self.value() == "done" else queryset


@admin.register(OutboxEntry, site=console)
class OutboxPage(ConsolePage):
    title, titles = _("promised work"), _("promised work")
    list_display = ("id", "topic", "ref", "created_at", "due_at", "attempts", "last_error", "done_at", "dead_at")
    fields = ("id", "topic", "ref", "payload", "created_at", "due_at", "attempts", "last_error", "done_at", "dead_at")
    list_filter = (Waiting,)
    search_fields = ("=ref",)
    actions = ("try_again",)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Who may have work tried again."""
        return staff.may(request, Power.RETRY_WORK)

    @admin.action(description=_("Try again what was laid aside"), permissions=["retry"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[OutboxEntry]) -> None:
        """Give what was laid aside its attempts anew."""
        revived = 0
        for entry_id in queryset.exclude(dead_at=None).order_by("pk").values_list("pk", flat=True):
            with transaction.atomic():
                if outbox.try_again(entry_id):
                    revived += 1
                    staff.record(
                        actor=staff.actor_of(request), act="outbox.try_again", subject=f"wallet_outboxentry:{entry_id}",
                        now=clock.now(),
                    )  # fmt: skip
        said = ngettext("%(count)d is tried again.", "%(count)d are tried again.", revived)
        self.message_user(request, said % {"count": revived}, messages.SUCCESS if revived else messages.WARNING)


@admin.register(StateChange, site=console)
class StateChangePage(ConsolePage):
    title, titles = _("change of state"), _("changes of state")
    list_display = ("id", "at", "machine", "subject", "event", "before", "after", "actor_kind", "actor_id")
    fields = ("id", "at", "machine", "subject", "event", "before", "after", "actor_kind", "actor_id")
    search_fields = ("=subject",)


@admin.register(StaffAct, site=console)
class StaffActPage(ConsolePage):
    title, titles = _("act of the staff"), _("acts of the staff")
    list_display = ("id", "at", "actor_id", "act", "subject", "holder_id", "reason_code", "reason")
    fields = ("id", "at", "actor_kind", "actor_id", "act", "subject", "holder_id", "reason_code", "reason", "facts")
    search_fields = ("=subject", "=holder_id", "=actor_id")


console.add_queue(
    _("laid aside"), "admin:wallet_outboxentry_changelist", "state=dead",
    lambda: OutboxEntry.objects.filter(done_at=None).exclude(dead_at=None).count(),
)  # fmt: skip
