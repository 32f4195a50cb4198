"""The port `CardNetwork` on our own vault."""

from datetime import datetime

from cards.vault import numbers
from cards.vault.numbers import Face, Limits, Revealed
from cards.vault.places import Place


class SandboxNetwork:
    """Numbers of the test BIN, kept and shown by ourselves."""

    name = "sandbox"

    def issue(self, *, card_id: str, holder_id: str, domain_ref: str | None, now: datetime) -> Face:
        """Draw a number."""
        return numbers.create(card_id=card_id, holder_id=holder_id, domain_ref=domain_ref, now=now)

    def tokenize(
        self, *, number_id: str, card_id: str, holder_id: str, place: Place, limits: Limits, now: datetime
    ) -> Face:
        """Draw another, for one place."""
        return numbers.tokenize(
            number_id=number_id, card_id=card_id, holder_id=holder_id, place=place, limits=limits, now=now
        )

    def reveal(self, *, card_id: str, number_id: str | None = None) -> Revealed:
        """The number from the vault."""
        return numbers.reveal(number_id or card_id)

    def shred(self, *, card_id: str, number_id: str | None = None, now: datetime) -> None:
        """Forget it, or all of the card's."""
        numbers.shred(card_id=card_id, number_id=number_id, now=now)
