"""The port to a card network: where numbers come from and where they are shown (CARD_NETWORK chooses one)."""

from datetime import datetime
from functools import cache
from typing import Protocol

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from cards.vault.numbers import Face, Limits, Revealed
from cards.vault.places import Place

#: Adapters live above their port, so they are named, not imported.
_ADAPTERS = {
    "sandbox": "cards.network.sandbox.adapter.SandboxNetwork",
    "stripe": "cards.network.stripe.adapter.StripeIssuing",
}


class CardNetwork(Protocol):
    """One card network."""

    #: Names the network in messages and audit rows.
    name: str

    def issue(self, *, card_id: str, holder_id: str, domain_ref: str | None, now: datetime) -> Face:
        """Give the card a number of its own, in the caller's transaction."""

    def tokenize(
        self, *, number_id: str, card_id: str, holder_id: str, place: Place, limits: Limits, now: datetime
    ) -> Face:
        """Give the card a further number that works in one place, in the caller's transaction."""

    def reveal(self, *, card_id: str, number_id: str | None = None) -> Revealed:
        """The card's own number, or one for a place, for its owner's eyes.

        Raises:
            NotFound: the card has none such (any more).
        """

    def shred(self, *, card_id: str, number_id: str | None = None, now: datetime) -> None:
        """Forget a number for good; without an id all of the card's."""


@cache
def network() -> CardNetwork:
    """The network that this installation runs on."""
    try:
        adapter: CardNetwork = import_string(_ADAPTERS[settings.CARD_NETWORK])()
    except ImportError:
        raise ImproperlyConfigured(f"this release has no adapter for CARD_NETWORK={settings.CARD_NETWORK}") from None
    return adapter
