"""The port to a card network: where numbers come from and where they are shown (CARD_NETWORK chooses one)."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Protocol

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from cards.vault.numbers import Face, Limits, Revealed
from cards.vault.places import Place
from privacy.crypto.secret import Secret
from wallet.core.errors import Kind, WalletError

#: Adapters live above their port, so they are named, not imported.
_ADAPTERS = {
    "sandbox": "cards.network.sandbox.adapter.SandboxNetwork",
    "stripe": "cards.network.stripe.adapter.StripeIssuing",
}


@dataclass(frozen=True, slots=True)
class ShownThere:
    """What a holder's browser needs to get a number from the network that keeps it.

    Args:
        network_card: what the network calls the card.
        ephemeral_key: opens this one card, for this one look.
        nonce: what the browser made for it.
    """

    network_card: str
    ephemeral_key: Secret
    nonce: str


@dataclass(frozen=True, slots=True)
class StandIn:
    """A party that holds a stand-in (a network token) for one of a card's numbers.

    Args:
        party: who: `apple_pay`, `google_pay`, `samsung_pay`, or the name that the scheme gives.
        device: `phone`, `watch`, or "".
        number_id: the number that it stands in for.
        since: when it was made.
    """

    party: str
    device: str
    number_id: str
    since: datetime


class NumberNotMade(WalletError):
    """The network has not made this number yet."""

    kind = Kind.CONFLICT
    slug = "number-not-made"
    title = "This number is still being made"


class CardNetwork(Protocol):
    """One card network."""

    #: Names the network in messages and audit rows.
    name: str
    #: The network keeps the numbers: they are made a moment later, and shown by it to the holder's browser.
    keeps_numbers: bool
    #: ISO 4217 codes of the cards that it makes; None: any that is offered here.
    currencies: frozenset[str] | None

    def issue(self, *, card_id: str, holder_id: str, domain_ref: str | None, now: datetime) -> Face:
        """Give the card a number of its own, in the caller's transaction."""

    def tokenize(
        self, *, number_id: str, card_id: str, holder_id: str, place: Place, limits: Limits, now: datetime
    ) -> Face:
        """Give the card a further number that works in one place, in the caller's transaction."""

    def reveal(self, *, card_id: str, number_id: str | None = None) -> Revealed:
        """The card's own number, or one for a place, for its owner's eyes.

        Raises:
            NotFound: the card has none such (any more), or the network keeps it.
        """

    def name_of(self, *, number_id: str) -> str:
        """What the network that keeps a number calls it.

        Raises:
            NumberNotMade: it does not call it anything yet.
            NotFound: numbers are kept here.
        """

    def show_there(self, *, number_id: str, nonce: str) -> ShownThere:
        """Have the network show a number to the browser that made the nonce. Calls out: no transaction may be open.

        Raises:
            NumberNotMade: there is nothing to show yet.
            NotFound: numbers are kept here.
        """

    def stand_ins(self, *, card_id: str) -> list[StandIn]:
        """Who holds a stand-in for a number of the card now, newest first."""

    def changed(self, *, card_id: str) -> None:
        """The card's state or rules have changed: promise to tell whoever keeps a copy, in the caller's transaction."""

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
