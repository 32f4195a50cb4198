"""The queue: found by the worker, taken, closed with a note, or escalated to a freeze."""

from datetime import datetime

from wallet.core import staff
from wallet.core.actors import Actor
from wallet.core.errors import NotFound
from wallet.core.states import WrongState
from wallet.core.transactions import needs_transaction, owns_transaction
from wallet.monitoring.models import Case
from wallet.monitoring.rules import Finding
from wallet.monitoring.states import CASE, CaseStatus
from wallet.users import freezes


class CaseNotFound(NotFound):
    """There is no such case."""


@owns_transaction
def open_case(*, holder_id: str, finding: Finding, now: datetime) -> bool:
    """Put a finding into the queue; False when it is there already, whatever became of it."""
    _case, is_new = Case.objects.get_or_create(
        holder_id=holder_id, rule=finding.rule, version=finding.version, window=finding.window,
        defaults={"facts": finding.facts, "refs": list(finding.refs), "opened_at": now},
    )  # fmt: skip
    return is_new


@owns_transaction
def take_case(*, case_id: str, actor: Actor, now: datetime) -> Case:
    """Work on it, in the place of whoever had it.

    Raises:
        CaseNotFound: there is none.
        WrongState: it is not open.
    """
    case = _lock(case_id)
    if case.status != CaseStatus.OPEN:
        raise WrongState(state=case.status, event="take")
    case.assigned_to = actor.id
    case.save(update_fields=["assigned_to"])
    _record(case, "take", actor, "", "", now)
    return case


@owns_transaction
def close_case(*, case_id: str, note: str, actor: Actor, now: datetime) -> Case:
    """Looked into: nothing more to do.

    Raises:
        CaseNotFound: there is none.
        WrongState: it is not open.
        Invalid: the note says nothing.
    """
    return _end(case_id=case_id, event="close", note=note, actor=actor, now=now)


@owns_transaction
def escalate_case(*, case_id: str, note: str, actor: Actor, now: datetime) -> Case:
    """Freeze the holder for it; a holder who is frozen already stays so.

    Raises:
        CaseNotFound: there is none.
        WrongState: it is not open.
        Invalid: the note says nothing.
    """
    case = _end(case_id=case_id, event="escalate", note=note, actor=actor, now=now)
    if not freezes.is_frozen(case.holder_id):
        freezes.freeze_holder(
            holder_id=case.holder_id, actor=actor, reason_code="monitoring", reason=f"{case.id}: {note}", now=now
        )
    return case


@needs_transaction
def _end(*, case_id: str, event: str, note: str, actor: Actor, now: datetime) -> Case:
    why = staff.reason_text(note)
    case = _lock(case_id)
    before = CaseStatus(case.status)
    case.status = after = CASE.after(before, event)
    case.closed_at, case.closed_by = now, actor.id
    case.save(update_fields=["status", "closed_at", "closed_by"])
    CASE.record(subject=case.id, event=event, before=before, after=after, actor=actor)
    _record(case, event, actor, case.rule, why, now)
    return case


def _lock(case_id: str) -> Case:
    case = Case.objects.select_for_update().filter(pk=case_id).first()
    if case is None:
        raise CaseNotFound
    return case


def _record(case: Case, event: str, actor: Actor, code: str, reason: str, now: datetime) -> None:
    staff.record(
        actor=actor, act=f"case.{event}", subject=case.id, holder_id=case.holder_id, reason_code=code, reason=reason,
        now=now,
    )  # fmt: skip
