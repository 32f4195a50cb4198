"""A personal column that nobody classifies, or that nobody exports and erases, fails the build."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from privacy.rights import inventory, kinds


@register()
def every_column_is_classified(**_options: Any) -> list[CheckMessage]:
    """Each fault of the inventory, and each kind without a class."""
    faults = inventory.faults() or kinds.faults()
    return [Error(fault, id="privacy.E004") for fault in faults]
