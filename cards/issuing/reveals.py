"""Showing a number to its owner: counted, on record, and never kept (settled.md 16)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cards.issuing.models import Card, Reveal
from cards.issuing.networks import ShownThere, network
from cards.issuing.place_numbers import get_number
from cards.issuing.states import CardStatus
from cards.vault import domains
from cards.vault.numbers import Revealed
from privacy.exposure import gate, recipients
from privacy.exposure.models import RecipientKind
from privacy.exposure.schema import ClosedSchema, Member
from privacy.fields import Basis, Channel, FieldClass, Purpose
from wallet.core.errors import Kind, WalletError
from wallet.core.members import PublicIdField, StrictCharField
from wallet.core.states import WrongState
from wallet.core.transactions import owns_transaction

#: Looks at one number in 24 hours.
_MOST_A_DAY = 20
_DAY = timedelta(hours=24)


class RevealLimit(WalletError):
    """This card's number was shown too often in the last 24 hours."""

    kind = Kind.LIMITED
    slug = "reveal-limit"
    title = "This number was shown too often today"


class RevealRecord(ClosedSchema):
    """What the log keeps of a reveal. The number, its date and its code are shown and not kept: not even here."""

    card = PublicIdField("card")
    place_number = PublicIdField("num", allow_null=True, help_text="the number for one place, if it is one")
    number = StrictCharField(max_length=24, help_text="all but the last four digits masked")
    expiry = StrictCharField(max_length=7)
    cvc = StrictCharField(max_length=3, help_text="masked")
    meant_for = StrictCharField(max_length=60, help_text="the holder's own statement")

    class Meta:
        schema = "card_reveal"
        members = {
            "card": Member(FieldClass.OBJECT_ID, about=("holder",)),
            "place_number": Member(FieldClass.OBJECT_ID, about=("holder",)),
            "number": Member(FieldClass.CARD_NUMBER_VIRTUAL, about=("holder",)),
            "expiry": Member(FieldClass.CARD_EXPIRY_VIRTUAL, about=("holder",)),
            "cvc": Member(FieldClass.CARD_CVC_VIRTUAL, about=("holder",)),
            "meant_for": Member(FieldClass.PAYMENT_REFERENCE, about=("holder",)),
        }


@dataclass(frozen=True, slots=True)
class Shown:
    """A number for its owner's eyes, and where they said they would type it."""

    card: Card
    revealed: Revealed
    meant_for: str


def show_there(
    *, card: Card, nonce: str, number_id: str = "", meant_for: str = "", channel: Channel, request_id: str,
    now: datetime,
) -> ShownThere:  # fmt: skip
    """Have the network that keeps a number show it to the owner's browser; the look is counted and on record as here.

    Calls out, for three seconds at most: no transaction may be open. The nonce is what the browser made for this look;
    otherwise as `reveal_card`.

    Raises:
        NumberNotMade: the network has not made it yet.
    """
    network().name_of(number_id=number_id or card.id)
    record(
        card=card, number_id=number_id, meant_for=meant_for, channel=channel, request_id=request_id, now=now
    )  # fmt: skip
    return network().show_there(number_id=number_id or card.id, nonce=nonce)


@owns_transaction
def reveal_card(
    *, card: Card, number_id: str = "", meant_for: str = "", channel: Channel, request_id: str, now: datetime
) -> Shown:  # fmt: skip
    """Show a number. The caller has made sure of a fresh step-up in the owner's own session.

    Args:
        card: the owner's.
        number_id: one of its numbers for one place; "" for the card's own.
        meant_for: where they will type it; "" for the card's platform, or the number's place.
        channel: page or api.
        request_id: of the HTTP request.
        now: the database's time.

    Raises:
        WrongState: the card is closed, or the number ended.
        NumberNotFound: no such number of this card.
        RevealLimit: too many looks at this number in 24 hours.
    """
    card, stated = record(
        card=card, number_id=number_id, meant_for=meant_for, channel=channel, request_id=request_id, now=now
    )  # fmt: skip
    return Shown(card, network().reveal(card_id=card.id, number_id=number_id or None), stated)


@owns_transaction
def record(
    *, card: Card, number_id: str, meant_for: str, channel: Channel, request_id: str, now: datetime
) -> tuple[Card, str]:  # fmt: skip
    """Count a look and write it into its owner's log; the card, and where they will type the number."""
    # The row's lock first: of looks at the same moment, each counts those before it.
    card = Card.objects.select_for_update().get(pk=card.pk)
    if card.status == CardStatus.CLOSED:
        raise WrongState(state=card.status, event="reveal")
    if Reveal.objects.filter(card=card, number=number_id, at__gt=now - _DAY).count() >= _MOST_A_DAY:
        raise RevealLimit(retry_after=3600)
    last4, expiry, place = _face(card, number_id)
    stated = meant_for or place[:60]
    kept = Reveal(card=card, number=number_id, holder_id=card.holder_id, at=now)
    kept.meant_for = stated
    kept.save(force_insert=True)
    owner = recipients.register(kind=RecipientKind.SELF, ref=card.holder_id, name="self")
    gate.disclose(
        recipient=owner, schema=RevealRecord, subjects={"holder": card.holder_id}, purpose=Purpose.CARD_REVEAL,
        basis=Basis.CONTRACT, channel=channel, request_id=request_id, now=now,
        body={
            "card": card.id, "place_number": number_id or None, "number": f"•••• •••• •••• {last4}",
            "expiry": expiry, "cvc": "•••", "meant_for": stated,
        },
    )  # fmt: skip
    return card, stated


def _face(card: Card, number_id: str) -> tuple[str, str, str]:
    """Last digits, expiry and place of the number that is to be shown."""
    if number_id:
        token = get_number(card, number_id)
        if token.ended_at is not None:
            raise WrongState(state="ended", event="reveal")
        return token.last4, token.expiry, token.name
    domain = domains.find(card.link) if card.link else None
    return card.last4, card.expiry, domain.name if domain else ""


def meant_for(card: Card) -> str:
    """Where the owner last said they would type the card's own number, or ""."""
    last = Reveal.objects.filter(card=card, number="").order_by("-at", "-id").first()
    return last.meant_for if last else ""
