from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PrivacyConfig(AppConfig):
    """The app `privacy`; its rooms are plain packages."""

    name = "privacy"
    verbose_name = _("Privacy")

    def ready(self) -> None:
        """Register the system checks: a field or a route that is not closed, a column without a class."""
        # Registering is what importing them does, once apps are there.
        import privacy.crypto.checks  # noqa: PLC0415
        import privacy.exposure.checks  # noqa: PLC0415
        import privacy.rights.below  # noqa: PLC0415
        import privacy.rights.checks  # noqa: F401, PLC0415
