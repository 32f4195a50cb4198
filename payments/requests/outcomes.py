"""Outcomes: how a request ends, and its split with it.

A split in which all pay or nobody is settled with its last approval, and broken off by the first no. Any other one is
over when none of its shares is open: completed if all were paid.
"""

from collections.abc import Sequence
from datetime import datetime

from payments.requests import holding, sides, sightings
from payments.requests.models import PaymentRequest, RequestSide, RequestStatus, Role, Split, SplitStatus
from payments.requests.moves import lock_shares, lock_split, move, move_split
from wallet.activity import lines, notices
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.transactions import needs_transaction, owns_transaction

_EXPIRY = Actor.system("expiry")
#: What may still happen to a share.
_LIVE = frozenset({RequestStatus.OPEN, RequestStatus.HELD})


@needs_transaction
def finish_payment(request: PaymentRequest, *, payer_id: str, actor: Actor, now: datetime) -> None:
    """Paid: state, event, a line for each of the two, and a word to the one who asked."""
    was_held = request.status == RequestStatus.HELD
    request.paid_by, request.paid_at = payer_id, now
    move(request, event="pay", actor=actor)
    mine = keep_payer_side(request, payer_id)
    payer_alias = sides.alias_on(holder_id=payer_id, platform_id=request.platform_id)
    sightings.payer_seen(request, payer_id=payer_id, alias=payer_alias, now=now)
    if was_held:
        lines.restate(holder_id=payer_id, ref=request.id, status="paid")
    else:
        _record_sent(request, mine, payer_id=payer_id, status="paid", now=now)
    lines.record(
        holder_id=request.payee_id, kind="payment_received", direction="in", amount=request.amount, status="paid",
        ref=request.id, counterparty=payer_alias, merchant=request.platform.name, now=now,
    )  # fmt: skip
    facts = {"name": sides.shown_name(payer_alias, request.platform.name), "amount": request.amount}
    notices.notify(holder_id=request.payee_id, kind="payment_received", ref=request.id, facts=facts, now=now)


@needs_transaction
def finish_hold(request: PaymentRequest, *, payer_id: str, actor: Actor, now: datetime) -> None:
    """Held: state, the payer's line, and what follows if it was the last one."""
    request.paid_by, request.held_at = payer_id, now
    move(request, event="hold", actor=actor)
    _record_sent(request, keep_payer_side(request, payer_id), payer_id=payer_id, status="held", now=now)


def _record_sent(request: PaymentRequest, mine: RequestSide, *, payer_id: str, status: str, now: datetime) -> None:
    lines.record(
        holder_id=payer_id, kind="payment_sent", direction="out", amount=request.amount, status=status,
        ref=request.id, counterparty=mine.other_alias, merchant=request.platform.name, now=now,
    )  # fmt: skip


@needs_transaction
def conclude(split: Split, *, actor: Actor, now: datetime) -> None:
    """Look what follows for a locked split from what has just happened to one of its shares."""
    if split.status != SplitStatus.OPEN:
        return
    shares = lock_shares(split)
    states = {RequestStatus(share.status) for share in shares}
    if split.all_or_nothing and states == {RequestStatus.HELD}:
        _settle_all(split, shares, actor=actor, now=now)
    elif split.all_or_nothing and not states <= _LIVE:
        _end_all(split, shares, event="expire" if RequestStatus.EXPIRED in states else "cancel", actor=actor, now=now)
    elif not states & _LIVE:
        event = "complete" if states == {RequestStatus.PAID} else "cancel"
        move_split(split, event="expire" if RequestStatus.EXPIRED in states else event, actor=actor)


def _settle_all(split: Split, shares: Sequence[PaymentRequest], *, actor: Actor, now: datetime) -> None:
    holding.settle(shares, now=now)
    for share in shares:
        finish_payment(share, payer_id=share.paid_by, actor=actor, now=now)
    move_split(split, event="complete", actor=actor)


@needs_transaction
def break_off(split: Split, *, event: str, actor: Actor, now: datetime) -> None:
    """Cancel or expire a locked split: open shares end, held ones are given back, paid ones stay paid."""
    _end_all(split, lock_shares(split), event=event, actor=actor, now=now)


def _end_all(split: Split, shares: Sequence[PaymentRequest], *, event: str, actor: Actor, now: datetime) -> None:
    held = [share for share in shares if share.status == RequestStatus.HELD]
    holding.release(held, now=now)
    for share in shares:
        if share.status not in _LIVE:
            continue
        move(share, event=event, actor=actor)
        if share in held:
            _tell_released(share, now=now)
    move_split(split, event=event, actor=actor)


def _tell_released(share: PaymentRequest, *, now: datetime) -> None:
    """Nobody pays: whose money was held reads that it is free again."""
    lines.restate(holder_id=share.paid_by, ref=share.id, status="released")
    mine = sides.read_side(share, Role.PAYER)
    name = sides.shown_name("" if mine is None else mine.other_alias, share.platform.name)
    facts = {"name": name, "amount": share.amount}
    notices.notify(holder_id=share.paid_by, kind="payment_released", ref=share.id, facts=facts, now=now)


# --- Expiry -----------------------------------------------------------------------------------------


@needs_transaction
def expire(request: PaymentRequest, *, now: datetime) -> None:
    """Expire a locked request that is past its time: alone, or with its whole split."""
    if request.split is not None:
        if request.split.status == SplitStatus.OPEN:
            break_off(request.split, event="expire", actor=_EXPIRY, now=now)
        request.refresh_from_db(fields=["status"])
    elif request.status == RequestStatus.OPEN:
        move(request, event="expire", actor=_EXPIRY)


@owns_transaction
def expire_requests(*, limit: int = 200) -> int:
    """Expire what was asked alone and is past its time; a payment that holds the row's lock goes first."""
    due = list(
        PaymentRequest.objects.select_related("payee_link", "payer_link", "platform")
        .select_for_update(of=("self",), skip_locked=True)
        .filter(status=RequestStatus.OPEN, split=None, expires_at__lte=clock.now())
        .order_by("expires_at")[:limit]
    )
    for request in due:
        move(request, event="expire", actor=_EXPIRY)
    return len(due)


def expire_splits(*, limit: int = 200) -> int:
    """Expire splits that are past their time, each in a transaction of its own; how many."""
    due = Split.objects.filter(status=SplitStatus.OPEN, expires_at__lte=clock.now()).order_by("expires_at")
    return sum(expire_split(split_id) for split_id in list(due.values_list("pk", flat=True)[:limit]))


@owns_transaction
def expire_split(split_id: str) -> bool:
    """Expire one if it is past its time, and nobody is at it: a payment that holds the lock goes first."""
    split, now = lock_split(split_id, skip_locked=True), clock.now()
    if split is None or split.status != SplitStatus.OPEN or split.expires_at > now:
        return False
    break_off(split, event="expire", actor=_EXPIRY, now=now)
    return True


# --- The payer's own copy -----------------------------------------------------------------------------


def unkept_side(request: PaymentRequest, payer_id: str) -> RequestSide:
    """What this person would read; not written down while they only look."""
    payee_side = sides.read_side(request, Role.PAYEE)
    return sides.new_side(
        request=request,
        role=Role.PAYER,
        holder_id=payer_id,
        note="" if payee_side is None else payee_side.note,
        other_alias=sides.alias_on(holder_id=request.payee_id, platform_id=request.platform_id),
    )


@needs_transaction
def keep_payer_side(request: PaymentRequest, payer_id: str) -> RequestSide:
    """Whoever deals with a request for anybody gets their own copy of its words, under their own key."""
    existing = sides.read_side(request, Role.PAYER)
    if existing is not None and existing.holder_id == payer_id:
        return existing
    if existing is not None:
        existing.delete()
    side = unkept_side(request, payer_id)
    side.save(force_insert=True)
    if request.checkout is not None:
        items = sides.read_items(request.checkout)
        sides.write_items(checkout=request.checkout, role=Role.PAYER, holder_id=payer_id, items=items)
    sightings.payee_seen(request, alias=side.other_alias, note=side.note)
    return side
