"""The port `CardNetwork` on our own vault."""

from datetime import datetime

from cards.issuing.networks import ShownThere, StandIn
from cards.vault import numbers
from cards.vault.numbers import Face, Limits, Revealed
from cards.vault.places import Place
from wallet.core.errors import NotFound


class SandboxNetwork:
    """Numbers of the test BIN, kept and shown by ourselves."""

    name = "sandbox"
    keeps_numbers = False
    currencies: frozenset[str] | None = None

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

    def name_of(self, *, number_id: str) -> str:
        """Nobody else has it."""
        raise NotFound(number_id)

    def show_there(self, *, number_id: str, nonce: str) -> ShownThere:
        """It is shown here."""
        raise NotFound(number_id + nonce)

    def stand_ins(self, *, card_id: str) -> list[StandIn]:  # noqa: ARG002 - the port's
        """This network has no such thing."""
        return []

    def changed(self, *, card_id: str) -> None:
        """Nobody else has a copy."""

    def shred(self, *, card_id: str, number_id: str | None = None, now: datetime) -> None:
        """Forget it, or all of the card's."""
        numbers.shred(card_id=card_id, number_id=number_id, now=now)
