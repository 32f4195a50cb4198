from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PaymentsConfig(AppConfig):
    """The app `payments`; its rooms are plain packages."""

    name = "payments"
    verbose_name = _("Payments")

    def ready(self) -> None:
        """Load what registers itself for the end of a link: it must be there in every process, commands included."""
        for module in ("payments.requests.asking", "payments.requests.refunding", "payments.webhooks.deliveries"):
            import_module(module)
        for room in ("platforms", "requests", "topups"):
            import_module(f"payments.{room}.rights")
