"""A life in the wallet: what somebody has who has used all of it, with words that are found again."""

import secrets
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from cards.issuing.models import Reveal
from payments.platforms.models import Block
from privacy.rights import tasks
from privacy.rights.models import Export
from tests.payments import cast
from wallet.activity import notices
from wallet.core import clock, outbox
from wallet.core.models import OutboxEntry
from wallet.ledger import accounts, balances, transfers
from wallet.ledger.accounts import AccountKind
from wallet.ledger.transfers import Op, Transfer
from wallet.users.models import Holder


@dataclass
class Life:
    """One person with everything, and the words in it."""

    holder: Holder
    parlour: cast.Client3
    linked: cast.Linked
    card: Any
    other: cast.Linked
    request_id: str
    words: dict[str, str]


def live(holder: Holder | None = None) -> Life:
    """Cards, a link, a request that was paid, notices, a reveal, a block: a row in every table of the kinds."""
    words = {name: f"{name} {secrets.token_hex(8)}" for name in ("label", "alias", "note", "meant", "notice", "other")}
    me, parlour = holder or cast.holder(), cast.platform(f"Parlour {secrets.token_hex(3)}")
    card = cast.card(me, 5_000)
    card.label = words["label"]
    card.save()
    linked = cast.link(me, parlour, card_id=card.id, alias=words["alias"])
    other = cast.link(cast.holder(), parlour, alias=words["other"])
    asked = cast.api(cast.chat_token(parlour)).post(
        "/v1/payment-requests",
        {
            "payee": other.link.id, "payer": linked.link.id, "amount": {"value": 700, "currency": "EUR"},
            "note": words["note"], "reference": "r-1",
        },
    )  # fmt: skip
    assert asked.status_code == 201, asked.content
    paid = cast.api(linked.token).post(f"/v1/payment-requests/{asked.json()['id']}/pay")
    assert (paid.status_code, paid.json()["status"]) == (200, "paid"), paid.content
    with transaction.atomic():
        Reveal.objects.create(card=card, holder_id=me.id, meant_for=words["meant"])
        Block.objects.create(holder_id=me.id, blocked_id=other.holder.id)
        notices.notify(
            holder_id=me.id, kind="link_made", ref=linked.link.id, facts={"name": words["notice"]}, now=clock.now()
        )
    return Life(me, parlour, linked, card, other, asked.json()["id"], words)


def work_on(ref: str) -> None:
    """Do what was promised about this thing, as a worker does."""
    for entry in OutboxEntry.objects.filter(ref=ref, done_at=None, dead_at=None):
        outbox.work(entry.id)


def written(export_id: str) -> Export:
    """The export after a worker has come."""
    work_on(export_id)
    return Export.objects.get(pk=export_id)


def spend(holder: Holder) -> None:
    """Everything that is free leaves the wallet: what a withdrawal does to the books."""
    with transaction.atomic():
        for one in balances.of_holder(holder.id):
            if one.available and one.ref.kind is not AccountKind.SHORTFALL:
                sink = accounts.programme(AccountKind.SANDBOX_CLEARING, one.ref.currency)
                key = f"test:{secrets.token_hex(8)}"
                transfers.post([Transfer(Op.POST, key, one.ref, sink, one.available, "withdrawal", "wd_test")])


#: Loading it is what makes the worker able to do the work.
assert tasks
