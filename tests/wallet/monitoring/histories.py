"""Lines of activity as the rooms above write them, for what the rules look at."""

import secrets
from datetime import datetime, timedelta

from django.db import transaction

from wallet.activity import lines
from wallet.core import clock
from wallet.core.ids import new_id
from wallet.core.money import Money


def play(
    holder_id: str, kind: str, minor: int, *, at: datetime, status: str = "done", ref: str = "", to: str = ""
) -> str:
    """One line; for a payment received also the payer's."""
    direction = "in" if kind in {"top_up", "payment_received"} else "out"
    ref = ref or f"test_{secrets.token_hex(6)}"
    with transaction.atomic():
        lines.record(
            holder_id=holder_id,
            kind=kind,
            direction=direction,
            amount=Money(minor, "EUR"),
            status=status,
            ref=ref,
            now=at,
        )
        if to:
            lines.record(
                holder_id=to, kind="payment_sent", direction="out", amount=Money(minor, "EUR"), status="paid", ref=ref,
                now=at,
            )  # fmt: skip
    return ref


def play_in_and_out(holder_id: str) -> None:
    """200 come in, 170 go out within the hour."""
    now = clock.now()
    play(holder_id, "top_up", 20_000, at=now - timedelta(hours=1), status="succeeded")
    play(holder_id, "payment_sent", 17_000, at=now - timedelta(minutes=20), status="paid")


def somebody() -> str:
    return new_id("holder")
