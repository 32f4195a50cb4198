"""The staff: what each role may do, and the record of what was done, which nobody can change.

People of the staff have accounts and no wallet (`wallet.users.staff`). A row holds
ids, codes and the sentence that somebody typed as a reason, and never a name or a number of a card.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

import structlog
from django.http import HttpRequest

from wallet.core.actors import Actor
from wallet.core.errors import Invalid
from wallet.core.models import StaffAct
from wallet.core.scrubbing import scrub_text
from wallet.core.transactions import needs_transaction

log = structlog.get_logger(__name__)

#: What a session carries that a passkey opened: no other may see the console.
BY_PASSKEY: Final = "by_passkey"
#: Code points of a reason or a note.
SHORTEST_REASON, LONGEST_REASON = 10, 500
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class Power(StrEnum):
    """What somebody of the staff may do: permissions of Django, kept on the table of acts."""

    READ = "read_console"
    LOOK = "look_at_people"
    FREEZE = "freeze_holder"
    WORK_CASES = "work_cases"
    RETRY_WORK = "retry_work"
    PROPOSE = "propose_money"
    APPROVE = "approve_money"

    @property
    def permission(self) -> str:
        """As `has_perm` reads it."""
        return f"wallet.{self.value}"


class Role(StrEnum):
    """The groups that the migrations make; somebody may be in more than one."""

    OPERATOR = "operator"
    APPROVER = "approver"
    AUDITOR = "auditor"


POWERS: Final[Mapping[Role, frozenset[Power]]] = {
    Role.OPERATOR: frozenset({Power.READ, Power.LOOK, Power.FREEZE, Power.WORK_CASES, Power.RETRY_WORK, Power.PROPOSE}),
    Role.APPROVER: frozenset({Power.READ, Power.LOOK, Power.APPROVE}),
    Role.AUDITOR: frozenset({Power.READ}),
}


def is_at_work(request: HttpRequest) -> bool:
    """Whether somebody of the staff is here, by a passkey, with a role."""
    user = request.user
    return (
        user.is_authenticated
        and user.is_active
        and bool(user.is_staff)
        and bool(request.session.get(BY_PASSKEY))
        and user.has_perm(Power.READ.permission)
    )


def may(request: HttpRequest, power: Power) -> bool:
    """Whether the one who is here may do it."""
    return is_at_work(request) and request.user.has_perm(power.permission)


def actor_of(request: HttpRequest) -> Actor:
    """The one who is here, as services take it."""
    return Actor.staff(str(request.user.pk))


def one_line(text: str) -> str:
    """What a person typed, on one line and without what looks like a card number or a secret."""
    return scrub_text(" ".join(_CONTROL.sub(" ", text).split()))


def reason_text(text: str) -> str:
    """A reason as it is kept.

    Raises:
        Invalid: it is too short to be one, or too long.
    """
    reason = one_line(text)
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise Invalid(f"must be {SHORTEST_REASON} to {LONGEST_REASON} characters", pointer="/reason")
    return reason


@needs_transaction
def record(
    *, actor: Actor, act: str, subject: str, holder_id: str = "", reason_code: str = "", reason: str = "",
    facts: Mapping[str, str | int] | None = None, now: datetime,
) -> StaffAct:  # fmt: skip
    """Write down what somebody of the staff did, in the transaction in which it is done.

    Args:
        actor: who.
        act: what, such as `holder.freeze`.
        subject: the public id of the thing, or `table:number`.
        holder_id: whom it concerns, if anybody.
        reason_code: a code of the form's list.
        reason: a sentence, made one line.
        facts: ids, codes and minor units only.
        now: the database's time.
    """
    done = StaffAct.objects.create(
        actor_kind=actor.kind, actor_id=actor.id, act=act, subject=one_line(subject)[:200], holder_id=holder_id,
        reason_code=reason_code, reason=one_line(reason)[:LONGEST_REASON], facts=dict(facts or {}), at=now,
    )  # fmt: skip
    log.info("staff.act", act=act, actor=actor.id, subject=done.subject, number=done.pk)
    return done
