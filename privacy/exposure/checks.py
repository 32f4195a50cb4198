"""System checks: a member without a field class, or a route that says nothing about itself, fails the build."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from django.apps.config import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from privacy.exposure.routes import route_faults
from privacy.exposure.schema import all_schemas, faults


@register(Tags.security)
def check_closed_schemas(app_configs: Sequence[AppConfig] | None, **_options: Any) -> list[CheckMessage]:  # noqa: ARG001 - Django's signature
    """Every member of every body that leaves is classified and bounded."""
    import_module(settings.ROOT_URLCONF)  # the views bring their schemas along
    return [
        Error(f"{schema.__module__}.{schema.__qualname__}: {fault}", id="privacy.E001")
        for schema in all_schemas()
        for fault in faults(schema)
    ]


@register(Tags.urls, deploy=True)
def check_routes(app_configs: Sequence[AppConfig] | None, **_options: Any) -> list[CheckMessage]:  # noqa: ARG001 - Django's signature
    """Every route says whom it answers; every platform route goes through the gate."""
    return [Error(fault, id="privacy.E002") for fault in route_faults()]
