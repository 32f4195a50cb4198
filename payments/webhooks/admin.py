"""The console's page of webhook deliveries; secrets and bodies are on none of them."""

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from payments.webhooks import deliveries
from payments.webhooks.deliveries import ReplayRefused
from payments.webhooks.models import Delivery, DeliveryStatus, EndpointStatus
from wallet.core import clock, staff
from wallet.core.console import ConsolePage, codes, console
from wallet.core.staff import Power


@admin.register(Delivery, site=console)
class DeliveryPage(ConsolePage):
    title, titles = _("webhook delivery"), _("webhook deliveries")
    list_display = ("id", "created_at", "event_id", "endpoint_id", "status", "attempts", "last_status", "last_error")
    fields = (
        "id", "created_at", "event_id", "endpoint_id", "status", "attempts", "last_status", "last_error", "ended_at",
    )  # fmt: skip
    list_filter = (codes("status", DeliveryStatus),)
    search_fields = ("=id", "=event__id")
    ordering = ("-created_at", "id")
    actions = ("replay",)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Who may have work tried again."""
        return staff.may(request, Power.RETRY_WORK)

    @admin.action(description=_("Send again what was given up"), permissions=["retry"])
    def replay(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        """Replay dead letters, as their platform could; what may not be told any more stays where it is."""
        sent = 0
        for delivery in queryset.filter(status=DeliveryStatus.DEAD).select_related("event__platform").order_by("pk"):
            try:
                with transaction.atomic():
                    deliveries.replay(platform=delivery.event.platform, delivery_id=delivery.id)
                    actor = staff.actor_of(request)
                    staff.record(actor=actor, act="webhooks.replay", subject=delivery.id, now=clock.now())
            except ReplayRefused:
                continue
            sent += 1
        said = ngettext("%(count)d is sent again.", "%(count)d are sent again.", sent)
        self.message_user(request, said % {"count": sent}, messages.SUCCESS if sent else messages.WARNING)


console.add_queue(
    _("webhooks that were given up"), "admin:payments_delivery_changelist", "status__exact=dead",
    lambda: Delivery.objects.filter(status=DeliveryStatus.DEAD, endpoint__status=EndpointStatus.ENABLED).count(),
)  # fmt: skip
