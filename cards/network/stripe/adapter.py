"""The port `CardNetwork` on Stripe Issuing: rooms here, numbers there."""

from datetime import datetime
from secrets import token_urlsafe

from django.db import transaction

from cards.issuing.networks import NumberNotMade, ShownThere, StandIn
from cards.network.models import IssuingNumber, WalletToken
from cards.network.stripe import made
from cards.network.stripe.disclosures import disclose_look
from cards.vault import numbers
from cards.vault.numbers import Face, Limits, Revealed
from cards.vault.places import Place
from privacy.crypto.secret import Secret
from wallet.core import outbox
from wallet.core.errors import NotFound
from wallet.stripe.client import call


class StripeIssuing:
    """Numbers that Stripe makes, keeps, and shows to their holder's browser."""

    name = "stripe"
    keeps_numbers = True
    currencies: frozenset[str] | None = frozenset({"EUR", "GBP", "USD"})

    def issue(self, *, card_id: str, holder_id: str, domain_ref: str | None, now: datetime) -> Face:
        """Make room for a number, and promise to have it made."""
        face = numbers.reserve(
            number_id=card_id, card_id=card_id, holder_id=holder_id, domain_ref=domain_ref, now=now
        )  # fmt: skip
        _ask(card_id, card_id, holder_id)
        return face

    def tokenize(
        self, *, number_id: str, card_id: str, holder_id: str, place: Place, limits: Limits, now: datetime
    ) -> Face:
        """The same for another, for one place: to Stripe a card of its own."""
        face = numbers.reserve(
            number_id=number_id, card_id=card_id, holder_id=holder_id, place=place, limits=limits, now=now
        )
        _ask(number_id, card_id, holder_id)
        return face

    def reveal(self, *, card_id: str, number_id: str | None = None) -> Revealed:
        """Never: no number of Stripe's comes here."""
        raise NotFound(number_id or card_id)

    def name_of(self, *, number_id: str) -> str:
        """Stripe's id of the card."""
        name = IssuingNumber.objects.filter(number_id=number_id).values_list("ref", flat=True).first()
        if not name:
            raise NumberNotMade
        return name

    def show_there(self, *, number_id: str, nonce: str) -> ShownThere:
        """A key for one look, which Stripe's frame in the holder's browser uses."""
        name = self.name_of(number_id=number_id)
        with transaction.atomic():
            disclose_look(number_id)
        with call("ephemeral_key", is_hurried=True) as stripe:
            # Another look is another call: Stripe takes a nonce once.
            key = stripe.v1.ephemeral_keys.create(
                params={"issuing_card": name, "nonce": nonce}, options={"idempotency_key": token_urlsafe(24)}
            )
        return ShownThere(name, Secret(str(key.secret)), nonce)

    def stand_ins(self, *, card_id: str) -> list[StandIn]:
        """As Stripe has told us of its network tokens."""
        live = WalletToken.objects.filter(card_id=card_id, status__in=["active", "suspended"])
        return [
            StandIn(one.party, one.device, one.number_id, one.created_at) for one in live.order_by("-created_at", "ref")
        ]

    def changed(self, *, card_id: str) -> None:
        """Promise to bring each of Stripe's copies to what the card is now."""
        for number_id in IssuingNumber.objects.filter(card_id=card_id).values_list("number_id", flat=True):
            outbox.enqueue(topic=made.ALIGN, ref=number_id)

    def shred(self, *, card_id: str, number_id: str | None = None, now: datetime) -> None:
        """Forget what Stripe calls it, and promise to have it ended there."""
        numbers.shred(card_id=card_id, number_id=number_id, now=now)
        if number_id is not None:
            outbox.enqueue(topic=made.ALIGN, ref=number_id)


def _ask(number_id: str, card_id: str, holder_id: str) -> None:
    IssuingNumber.objects.create(number_id=number_id, card_id=card_id, holder_id=holder_id)
    outbox.enqueue(topic=made.MAKE, ref=number_id)
