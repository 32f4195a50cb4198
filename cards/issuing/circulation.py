"""Numbers in circulation: every number of a holder's cards that still lives, and who was given it.

Who was given a number is what its owner said when they looked at it, and whom it was made for: the wallet cannot know
who else has seen it (settled.md 16).
"""

from dataclasses import dataclass
from datetime import datetime

from cards.issuing.cards import list_cards
from cards.issuing.models import Card, Reveal
from cards.issuing.place_numbers import Token, live_numbers
from cards.issuing.states import CardStatus
from cards.vault import domains

#: Looks that the page goes through, newest first.
_LOOKS = 1000


@dataclass(frozen=True, slots=True)
class Given:
    """One to whom the owner said they would give the number, and when last."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Number:
    """A number that works somewhere."""

    card: str
    #: A number for one place, or "" for the card's own.
    place_number: str
    label: str
    last4: str
    expiry: str
    is_frozen: bool
    #: The one place or platform that it was made for, or "".
    made_for: str
    given: tuple[Given, ...]
    #: Whether its owner has looked at it.
    is_seen: bool


def numbers_in_circulation(holder_id: str) -> list[Number]:
    """Every live number of the holder, the newest card first."""
    cards = list(list_cards(holder_id).exclude(status=CardStatus.CLOSED))
    names = domains.names([card.link for card in cards if card.link])
    said = _said(holder_id)
    tokens: dict[str, list[Token]] = {}
    for token in live_numbers(card.id for card in cards):
        tokens.setdefault(token.card_id, []).append(token)
    found = []
    for card in cards:
        found.append(_own(card, names.get(card.link or "", ""), said.get((card.id, ""))))
        found += [_for_a_place(card, one, said.get((card.id, one.id))) for one in tokens.get(card.id, ())]
    return found


def _own(card: Card, made_for: str, given: list[Given] | None) -> Number:
    return Number(
        card=card.id, place_number="", label=card.label, last4=card.last4, expiry=card.expiry,
        is_frozen=card.status == CardStatus.FROZEN, made_for=made_for, given=tuple(given or ()),
        is_seen=given is not None,
    )  # fmt: skip


def _for_a_place(card: Card, token: Token, given: list[Given] | None) -> Number:
    return Number(
        card=card.id, place_number=token.id, label=card.label, last4=token.last4, expiry=token.expiry,
        is_frozen=card.status == CardStatus.FROZEN, made_for=token.name, given=tuple(given or ()),
        is_seen=given is not None,
    )  # fmt: skip


def _said(holder_id: str) -> dict[tuple[str, str], list[Given]]:
    """What the owner said of each number, each name once, the newest first."""
    said: dict[tuple[str, str], dict[str, Given]] = {}
    for look in Reveal.objects.filter(card__holder_id=holder_id).order_by("-at", "-id")[:_LOOKS]:
        of_number = said.setdefault((look.card_id, look.number), {})
        if look.meant_for:
            of_number.setdefault(look.meant_for, Given(look.meant_for, look.at))
    return {number: list(names.values()) for number, names in said.items()}
