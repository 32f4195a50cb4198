from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CardsConfig(AppConfig):
    """The app `cards`; its rooms are plain packages."""

    name = "cards"
    verbose_name = _("Cards")

    def ready(self) -> None:
        """What upper rooms push down is there in every process."""
        import_module("cards.authorizations.uses")
        import_module("cards.authorizations.exceptions")
        for room in ("issuing", "vault", "authorizations", "network"):
            import_module(f"cards.{room}.rights")
