"""Print docs/card-states.md: what each network message does in each state."""

from typing import Any

from django.core.management.base import BaseCommand

from cards.authorizations import chart


class Command(BaseCommand):
    help = "Print the table of card payments as Markdown (docs/card-states.md)."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(chart.render(), ending="")
