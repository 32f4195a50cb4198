from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PaymentsConfig(AppConfig):
    """The app `payments`; its rooms are plain packages."""

    name = "payments"
    verbose_name = _("Payments")

    def ready(self) -> None:
        """Load what registers itself (for the end of a link, an alarm): it must be there in every process."""
        for module in ("requests.asking", "requests.refunding", "webhooks.deliveries", "developers.alarms"):
            import_module(f"payments.{module}")
        for room in ("developers", "platforms", "requests", "topups"):
            import_module(f"payments.{room}.rights")
