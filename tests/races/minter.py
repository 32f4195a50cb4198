"""A worker that makes cards' numbers in a range that it shares with others; which cards, and how often it drew."""

from typing import Any

from django.db import transaction

from cards.vault import number_range, numbers
from wallet.core import clock
from wallet.core.ids import new_id


def work(*, number: int, prefix: str, cards: int) -> dict[str, Any]:
    drawn, draw = 0, number_range.draw

    def counted() -> Any:
        nonlocal drawn
        drawn += 1
        return draw()

    number_range.BIN, number_range.draw = prefix, counted
    # One holder for some cards: a key is made for each.
    holder, made = "", []
    for turn in range(cards):
        if turn % 50 == 0:
            holder = new_id("holder")
        card_id = new_id("card")
        with transaction.atomic():
            numbers.create(card_id=card_id, holder_id=holder, domain_ref=None, now=clock.now())
        made.append(card_id)
    return {"made": made, "drawn": drawn}
