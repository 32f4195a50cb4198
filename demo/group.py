"""A group of three: somebody has paid for all, says so, and a share grows for everybody else.

The friend has a wallet, the guest has none: what the guest owes is an address that anybody can open and pay.
"""

import re
from typing import Any

from demo import words
from demo.store import FRIEND, store
from demo.thread import Thread
from demo.wallet import WalletRefused

GUEST, SHARE = "guest", "share"
_ALL_OR_NOTHING = re.compile(r"all or nothing|only if (we )?all|tout ou rien|seulement si tout", re.IGNORECASE)


class Group(Thread):
    """You, the friend, and a guest without a wallet."""

    room = "group"
    hello = "group_hello"
    voice = "group"
    participants = ("you", "friend", "guest")

    async def _ask(self, message_id: int, sender: str, text: str, suggestion: dict[str, Any]) -> None:
        if suggestion["intent"] != "split_bill":
            await super()._ask(message_id, sender, text, suggestion)
            return
        payee = store().person(sender) or {}
        if payee.get("link") is None:
            store().run("UPDATE message SET status = 'unlinked' WHERE id = ?", message_id)
            return
        together = bool(_ALL_OR_NOTHING.search(text))
        # The guest cannot agree in advance, so a sum that all must agree to is shared by the two with a wallet.
        others = [self.person_id if sender == FRIEND else FRIEND, *([] if together else [GUEST])]
        payers = [(store().person(who) or {}).get("link") for who in others]
        try:
            split = await self.wallet.split(
                {
                    "payee": payee["link"],
                    "total": suggestion["amount"],
                    "shares": [{"payer": payee["link"]}, *({"payer": link} for link in payers)],
                    "all_or_nothing": together,
                    "note": text[:140],
                    "reference": f"message-{message_id}",
                    "locale": self.language,
                }
            )
        except WalletRefused as refused:
            self._forget_dead_link(refused)
            store().run("UPDATE message SET status = 'refused' WHERE id = ?", message_id)
            return
        store().keep(f"split {split['id']}", self.key)
        for who, share in zip(others, split["shares"][1:], strict=True):
            self._grow_share(who, share)

    def _grow_share(self, who: str, share: dict[str, Any]) -> None:
        name = words.say(GUEST, self.language) if who == GUEST else (store().person(who) or {}).get("name", "")
        share_id = store().say(self.key, SHARE, name)
        store().grow_button(share_id, {**share, "id": share["payment_request"]}, who)
        if who == FRIEND:
            self._later(self._friend_taps(share["payment_request"]))

    async def _friend_taps(self, request_id: str) -> None:
        """Here a share says by itself what became of it."""
        message = await self._wait_to_tap(request_id)
        if message is not None:
            try:
                await self.pay(message)
            except WalletRefused:
                store().settle(request_id, "refused")
