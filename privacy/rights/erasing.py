"""Leaving: links and cards end, money is paid out, then the keys are destroyed (GDPR art. 17, settled.md 10).

`requested` (what ends, ends) → `paying_out` (money is on its way, or held for something open) or `needs_destination`
(nobody knows where to send it: the person takes it out) → `done`. Each call of `carry_on` goes as far as it can, and
begins where the last one was killed: what ends can end twice, erasing twice is erasing once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db.models import QuerySet

from privacy.crypto.keyring import keyring
from privacy.exposure.sealing import is_sealed
from privacy.rights import kinds, leaving
from privacy.rights.leaving import Left, Named
from privacy.rights.models import Erasure, ErasureStatus
from wallet.core import outbox
from wallet.core.actors import Actor
from wallet.core.states import StateMachine
from wallet.core.transactions import owns_transaction

log = structlog.get_logger(__name__)

TOPIC: Final = "rights.erase"
#: Directive (EU) 2015/849, art. 40(1): five years after the end of the relationship.
LAW_KEPT: Final = timedelta(days=5 * 365 + 2)
_SYSTEM: Final = Actor.system("privacy.rights")
STATES: StateMachine[ErasureStatus] = StateMachine(
    "privacy.erasure",
    {
        "end": {ErasureStatus.REQUESTED: ErasureStatus.PAYING_OUT},
        "wait": {
            ErasureStatus.NEEDS_DESTINATION: ErasureStatus.PAYING_OUT,
            ErasureStatus.PAYING_OUT: ErasureStatus.PAYING_OUT,
        },
        "ask": {
            ErasureStatus.PAYING_OUT: ErasureStatus.NEEDS_DESTINATION,
            ErasureStatus.NEEDS_DESTINATION: ErasureStatus.NEEDS_DESTINATION,
        },
        "erase": {
            ErasureStatus.PAYING_OUT: ErasureStatus.DONE,
            ErasureStatus.NEEDS_DESTINATION: ErasureStatus.DONE,
        },
    },
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far it is, and what stands in the way."""

    status: ErasureStatus | None
    requested_at: datetime | None
    done_at: datetime | None
    left: list[Left]
    named: list[Named]


@owns_transaction
def request_erasure(*, holder_id: str, actor: Actor, now: datetime) -> Erasure:
    """Begin; asking again changes nothing."""
    made, is_new = Erasure.objects.get_or_create(holder_id=holder_id, defaults={"requested_at": now})
    if is_new:
        STATES.record(
            subject=holder_id, event="request", before=ErasureStatus.REQUESTED, after=ErasureStatus.REQUESTED,
            actor=actor,
        )  # fmt: skip
        outbox.enqueue(topic=TOPIC, ref=holder_id)
    return made


def standing(holder_id: str) -> Standing:
    """How far somebody's leaving is; also before it was asked for: then, what it would find."""
    row = Erasure.objects.filter(pk=holder_id).first()
    if row is not None and row.status == ErasureStatus.DONE:
        return Standing(ErasureStatus.DONE, row.requested_at, row.done_at, [], [])
    return Standing(
        status=ErasureStatus(row.status) if row else None, requested_at=row.requested_at if row else None,
        done_at=None, left=leaving.left_of(holder_id), named=leaving.named_of(holder_id),
    )  # fmt: skip


def unfinished() -> QuerySet[Erasure]:
    """Those to carry on with, oldest first."""
    return Erasure.objects.exclude(status=ErasureStatus.DONE).order_by("requested_at", "pk")


def carry_on(*, holder_id: str, now: datetime) -> ErasureStatus | None:
    """Go as far as it can now; where it stands afterwards. None: nobody asked for it."""
    row = Erasure.objects.filter(pk=holder_id).first()
    if row is None or row.status == ErasureStatus.DONE:
        return ErasureStatus(row.status) if row else None
    waits = [one for one in leaving.named_of(holder_id) if one.is_waited_for]
    if row.status == ErasureStatus.REQUESTED:
        if any(one.what == "frozen" for one in waits):
            return ErasureStatus.REQUESTED
        leaving.run_steps(holder_id, now)
        if _move(holder_id, "end") is ErasureStatus.DONE:
            return ErasureStatus.DONE
    left = leaving.left_of(holder_id)
    if any(one.free for one in left) and not leaving.pay_out(holder_id, now):
        return _move(holder_id, "ask")
    if left or waits or not is_sealed(holder_id):
        return _move(holder_id, "wait")
    return _erase(holder_id, now)


def _erase(holder_id: str, now: datetime) -> ErasureStatus:
    """Rows first, then the key, which cannot be undone, then the word that it is done: killed anywhere, it goes on."""
    _erase_rows(holder_id, now)
    keyring.destroy(holder_id=holder_id, keys="life")
    status = _move(holder_id, "erase", done_at=now, law_due_at=now + LAW_KEPT)
    log.info("privacy.erasure.done", holder=holder_id)
    return status


@owns_transaction
def _erase_rows(holder_id: str, now: datetime) -> None:
    leaving.seal_all(holder_id)
    for kind in kinds.every():
        kind.erase(holder_id, now=now)


@owns_transaction
def _move(holder_id: str, event: str, **columns: datetime) -> ErasureStatus:
    """A worker and a command may carry on at once: who comes second finds it further, and leaves it there."""
    row = Erasure.objects.select_for_update().get(pk=holder_id)
    before = ErasureStatus(row.status)
    after = STATES.edges[event].get(before, before)
    if after != before:
        Erasure.objects.filter(pk=holder_id).update(status=after, **columns)
        STATES.record(subject=holder_id, event=event, before=before, after=after, actor=_SYSTEM)
    return after


def end_law(*, now: datetime) -> int:
    """Destroy the keys that the law made us keep, of those whose five years are over; returns how many."""
    due = Erasure.objects.filter(status=ErasureStatus.DONE, law_done_at=None, law_due_at__lte=now)
    ids = list(due.order_by("law_due_at").values_list("pk", flat=True)[:100])
    for holder_id in ids:
        keyring.destroy(holder_id=holder_id, keys="law")
        Erasure.objects.filter(pk=holder_id).update(law_done_at=now)
    return len(ids)
