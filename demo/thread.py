"""What happens in a thread: somebody speaks, the wallet is asked what it reads there, a button grows, somebody taps.

`group.py` is the same with three people, `bot.py` a bot that sells.
"""

import asyncio
import re
from typing import Any

from demo import words
from demo.store import FRIEND, store
from demo.wallet import Wallet, WalletRefused

#: Seconds that the friend takes to read and to tap.
_FRIEND_READS = 1.2
_FRIEND_TAPS = 1.8
_CONTEXT = 3
_QUESTION = re.compile(r"\b(combien|how much|owe you|te dois|je dois)\b", re.IGNORECASE)


class Thread:
    """The thread of one person with the friend."""

    room = ""
    hello = "friend_hello"
    voice = "friend"
    participants: tuple[str, ...] = ("you", "friend")

    def __init__(self, wallet: Wallet, person_id: str, language: str) -> None:
        self.wallet = wallet
        self.person_id = person_id
        self.language = language

    @property
    def key(self) -> str:
        """The thread's name in the store."""
        return f"{self.person_id}/{self.room}" if self.room else self.person_id

    def greet(self) -> None:
        """The first word of a thread, once."""
        if not store().messages(self.key):
            store().say(self.key, FRIEND, words.say(self.hello, self.language))

    async def say(self, sender: str, text: str) -> None:
        """Somebody says something."""
        message_id = store().say(self.key, sender, text)
        suggestion = await self._read(message_id, sender, text)
        if suggestion is not None and suggestion["amount"] is not None:
            await self._ask(message_id, sender, text, suggestion)
        elif sender != FRIEND:
            self._later(self._friend_answers(text, suggestion))

    async def pay(self, message: dict[str, Any]) -> str:
        """The payer taps: paid, or a page of the wallet's to approve on."""
        answer = await self.wallet.pay(message["request"], message["payer"])
        store().settle(message["request"], answer["status"], answer.get("approve_url"))
        return str(answer["status"])

    async def _read(self, message_id: int, sender: str, text: str) -> dict[str, Any] | None:
        earlier = [m for m in store().messages(self.key) if m["id"] < message_id][-_CONTEXT:]
        return await self.wallet.suggest(
            {
                "text": text,
                "locale": "fr-FR" if self.language == "fr" else "en-IE",
                "sender": self._label(sender),
                "participants": list(self.participants),
                "context": [{"sender": self._label(m["sender"]), "text": m["text"]} for m in earlier],
            }
        )

    def _label(self, who: str) -> str:
        """Labels of one call; the wallet learns no id of ours."""
        return "friend" if who == FRIEND else "you"

    async def _ask(self, message_id: int, sender: str, text: str, suggestion: dict[str, Any]) -> None:
        other = self.person_id if sender == FRIEND else FRIEND
        payer, payee = (sender, other) if suggestion["intent"] == "offer_money" else (other, sender)
        amount = dict(suggestion["amount"])
        if suggestion["intent"] == "split_bill":
            # Whoever speaks has paid; the other one's part is asked for.
            amount["value"] //= suggestion["shares"] or 2
        people = {who: store().person(who) or {} for who in (payer, payee)}
        if people[payee].get("link") is None:
            store().run("UPDATE message SET status = 'unlinked' WHERE id = ?", message_id)
            return
        try:
            request = await self.wallet.request(
                {
                    "payee": people[payee]["link"],
                    "payer": people[payer].get("link"),
                    "amount": amount,
                    "note": text[:140],
                    "reference": f"message-{message_id}",
                    "locale": self.language,
                }
            )
        except WalletRefused as refused:
            self._forget_dead_link(refused)
            store().run("UPDATE message SET status = 'refused' WHERE id = ?", message_id)
            return
        store().grow_button(message_id, request, payer)
        if payer == FRIEND:
            self._later(self._friend_taps(request["id"]))

    def _forget_dead_link(self, refused: WalletRefused) -> None:
        """A 422 about our person's handle: they ended the link in their wallet."""
        named = {str(error.get("pointer")).rpartition("/")[2] for error in refused.problem.get("errors", [])}
        if named & {"payee", "payer"}:
            store().unlink(self.person_id)

    async def _wait_to_tap(self, request_id: str) -> dict[str, Any] | None:
        await asyncio.sleep(_FRIEND_TAPS)
        message = store().row("SELECT * FROM message WHERE request = ?", request_id)
        return message if message is not None and message["status"] == "open" else None

    async def _friend_taps(self, request_id: str) -> None:
        message = await self._wait_to_tap(request_id)
        if message is None:
            return
        try:
            status = await self.pay(message)
        except WalletRefused:
            status = "refused"
        answer = "friend_paid" if status == "paid" else "friend_must_approve"
        store().say(self.key, FRIEND, words.say(answer, self.language))

    async def _friend_answers(self, text: str, suggestion: dict[str, Any] | None) -> None:
        await asyncio.sleep(_FRIEND_READS)
        asked = suggestion is not None or _QUESTION.search(text)
        await self.say(FRIEND, words.say(f"{self.voice}_claims" if asked else f"{self.voice}_chats", self.language))

    def _later(self, work: Any) -> None:
        task = asyncio.create_task(work)
        _RUNNING.add(task)
        task.add_done_callback(_RUNNING.discard)


_RUNNING: set[asyncio.Task[None]] = set()
