"""What all of our commands have in common."""

from django.core.management.base import BaseCommand


class WalletCommand(BaseCommand):
    """A command beside a running system, that asks of the code what `migrate` has asked already: nothing.

    Django's system checks load every page and every API: a third of what a command takes.
    """

    requires_system_checks: list[str] = []
