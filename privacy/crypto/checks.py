"""System check: the key provider that the settings name can be made."""

from collections.abc import Sequence
from typing import Any

from django.apps.config import AppConfig
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured

from privacy.crypto.providers import provider_from_settings


@register(Tags.security)
def check_key_provider(app_configs: Sequence[AppConfig] | None, **_options: Any) -> list[CheckMessage]:  # noqa: ARG001 - Django's signature
    """Its package is installed and its settings have the right form; nobody is asked."""
    try:
        provider_from_settings()
    except ImproperlyConfigured as wrong:
        return [Error(str(wrong), id="privacy.E003")]
    return []
