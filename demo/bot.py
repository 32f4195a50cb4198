"""A bot that sells: it reads an order, offers a checkout, thanks when it is paid, and gives the money back when asked.

All that it needs of the wallet is public API: `POST /v1/checkouts`, the webhook `checkout.paid`, and `POST /v1/refunds`
with the seller's own token. Its owner, the friend, has allowed refunds without being asked.
"""

import re
from typing import Any, Final

from demo import words
from demo.config import config
from demo.store import FRIEND, store
from demo.thread import Thread
from demo.wallet import WalletRefused

#: What is sold: what people call it, and its price in cents.
MENU: Final = {
    "espresso": (re.compile(r"\b(espressos?|coffees?|cafés?)\b", re.IGNORECASE), 250),
    "croissant": (re.compile(r"\b(croissants?)\b", re.IGNORECASE), 200),
    "tea": (re.compile(r"\b(teas?|thés?)\b", re.IGNORECASE), 220),
}
_TIPS, _MOST_TIP = (50, 100), 500
_TWO = re.compile(r"\b(2|two|deux)\b", re.IGNORECASE)
_REFUND = re.compile(r"\b(refund|money back|rembours\w*)\b", re.IGNORECASE)


class Cafe(Thread):
    """One customer at the counter."""

    room = "cafe"
    hello = "cafe_hello"

    async def say(self, sender: str, text: str) -> None:
        """An order, a complaint, or something else."""
        store().say(self.key, sender, text)
        items = order_of(text, self.language)
        if _REFUND.search(text):
            await self._give_back()
        elif items:
            await self._offer(items)
        else:
            self._answer("cafe_menu")

    async def _offer(self, items: list[dict[str, Any]]) -> None:
        seller, customer = (store().person(who) or {} for who in (FRIEND, self.person_id))
        try:
            checkout = await self.wallet.sell(
                {
                    "payee": seller["link"],
                    "payer": customer.get("link"),
                    "items": items,
                    "max_tip": _euros(_MOST_TIP),
                    "suggested_tips": [_euros(tip) for tip in _TIPS],
                    "return_url": f"{config().demo_url}/?room={self.room}",
                    "locale": self.language,
                }
            )
        except WalletRefused as refused:
            self._forget_dead_link(refused)
            self._answer("refused")
            return
        message_id = self._answer("cafe_offer")
        offer = {
            "id": checkout["payment_request"], "status": checkout["status"], "pay_url": checkout["checkout_url"],
            "amount": checkout["total"],
        }  # fmt: skip
        store().grow_button(message_id, offer, self.person_id)
        store().keep(f"checkout {checkout['id']}", self.key)

    async def _give_back(self) -> None:
        paid = [one for one in store().messages(self.key) if one["status"] == "paid"]
        if not paid:
            self._answer("cafe_nothing_paid")
            return
        try:
            refund = await self.wallet.refund(paid[-1]["request"], FRIEND)
        except WalletRefused:
            self._answer("cafe_nothing_paid")
            return
        if refund["status"] == "succeeded":
            store().settle(paid[-1]["request"], "refunded")
        self._answer("cafe_refunded" if refund["status"] == "succeeded" else "cafe_asks_owner")

    def _answer(self, phrase: str) -> int:
        return store().say(self.key, FRIEND, words.say(phrase, self.language))


def order_of(text: str, language: str) -> list[dict[str, Any]]:
    """What a message orders, each with its price; twice where it says so."""
    ordered = [(name, price) for name, (pattern, price) in MENU.items() if pattern.search(text)]
    times = 2 if len(ordered) == 1 and _TWO.search(text) else 1
    return [{"label": words.say(name, language), "amount": _euros(price)} for name, price in ordered * times]


def _euros(cents: int) -> dict[str, Any]:
    return {"value": cents, "currency": "EUR"}
