"""Print docs/card-states.md: what each network message does in each state."""

from typing import Any

from cards.authorizations import chart
from wallet.core.commands import WalletCommand


class Command(WalletCommand):
    help = "Print the table of card payments as Markdown (docs/card-states.md)."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(chart.render(), ending="")
