"""Fifty people, one bill, all or nothing, while its time runs out: settled for all, or released for all (issue 7)."""

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from payments.platforms.scopes import LINK, PAY
from payments.platforms.tokens import issue_tokens
from payments.requests.models import PaymentRequest, Split
from tests.payments import cast
from tests.payments.cast import Client3, Linked
from tests.payments.requests.test_requests_api import eur
from tests.races.processes import WARM_UP_SECONDS, soon, together
from wallet.core import clock
from wallet.core.transactions import owns_transaction
from wallet.ledger import accounts, balances
from wallet.ledger.models import Account, Hold, Transfer
from wallet.ledger.verify import verify

SHARE = 100
_WORKERS = 3


@owns_transaction
def fresh_token(person: Linked) -> str:
    """Tokens live five minutes: taken when they are used."""
    scopes = (LINK, PAY)
    return issue_tokens(holder_id=person.holder.id, platform=person.link.platform, scopes=scopes).access_token


@dataclass
class Dinner:
    """One who has paid for all, and so many guests with money on their cards."""

    guests: int
    parlour: Client3 = field(default_factory=cast.platform)
    people: list[Linked] = field(default_factory=list)
    cards: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.payee = cast.link(cast.holder(), self.parlour)
        for _ in range(self.guests):
            holder = cast.holder()
            card = cast.card(holder, 50_000)
            self.cards.append(card.id)
            self.people.append(cast.link(holder, self.parlour, card_id=card.id))

    def ask(self) -> dict[str, Any]:
        chat = cast.api(cast.chat_token(self.parlour))
        shares = [{"payer": person.link.id} for person in self.people]
        total = eur(SHARE * self.guests)
        body = {"payee": self.payee.link.id, "total": total, "shares": shares, "all_or_nothing": True}
        answer = chat.post("/v1/splits", body)
        assert answer.status_code == 201, answer.content
        made: dict[str, Any] = answer.json()
        return made

    def paid_in(self) -> int:
        return balances.available(accounts.main(self.payee.holder.id, "EUR")).minor

    def on_cards(self) -> tuple[int, int]:
        rows = Account.objects.filter(kind="card", owner__in=self.cards)
        free = sum(row.credits_posted - row.debits_posted - row.debits_pending for row in rows)
        return free, sum(row.debits_pending for row in rows)

    def race(self, rounds: int, chance: random.Random, per_tap: float) -> list[str]:
        """So many splits at one moment, each running out at some time while its guests tap; how each ended."""
        splits, before, free = [self.ask() for _ in range(rounds)], self.paid_in(), self.on_cards()[0]
        tokens = {person.link.id: f"Bearer {fresh_token(person)}" for person in self.people}
        taps: list[list[dict[str, str]]] = [[] for _ in range(_WORKERS)]
        for made in splits:
            for number, share in enumerate(made["shares"]):
                tap = {"request": share["payment_request"], "authorization": tokens[share["payer"]]}
                taps[number % _WORKERS].append(tap)
        for mine in taps:
            chance.shuffle(mine)
        whole = per_tap * rounds * self.guests / _WORKERS
        for made in splits:
            # Some in the middle of it, some at the very end, some too late to matter.
            ends_at = clock.now() + timedelta(seconds=WARM_UP_SECONDS + chance.uniform(0.5, 1.6) * whole)
            Split.objects.filter(pk=made["id"]).update(expires_at=ends_at)
            PaymentRequest.objects.filter(split_id=made["id"]).update(expires_at=ends_at)
        ids = [made["id"] for made in splits]
        together("diners", _WORKERS + 1, splits=ids, taps=taps, at=soon())
        ends = [self.end_of(split_id) for split_id in ids]
        completed = ends.count("completed")
        assert self.paid_in() - before == SHARE * self.guests * completed
        assert self.on_cards() == (free - SHARE * self.guests * completed, 0)
        return ends

    def end_of(self, split_id: str) -> str:
        """Settled for all, or released for all."""
        split = Split.objects.get(pk=split_id)
        states = set(split.requests.values_list("status", flat=True))
        assert states == ({"paid"} if split.status == "completed" else {"expired"}), (split.status, states)
        holds = list(split.requests.exclude(hold=None).values_list("hold", flat=True))
        assert not Hold.objects.filter(id__in=holds, remaining__gt=0).exists()
        op = "settle" if split.status == "completed" else "release"
        assert Transfer.objects.filter(hold_id__in=holds).exclude(op="hold").count() == len(holds)
        assert Transfer.objects.filter(hold_id__in=holds, op=op).count() == len(holds)
        return split.status


def books_are_green() -> bool:
    return verify().is_green
