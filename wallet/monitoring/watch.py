"""The worker's round: holders whose wallets moved since the last one, each looked at by every rule."""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Min

from wallet.activity.models import Line
from wallet.core import clock, figures
from wallet.core.transactions import owns_transaction
from wallet.monitoring import cases, history, rules
from wallet.monitoring.models import Case, Mark
from wallet.monitoring.states import CaseStatus

#: A line's time is that of its transaction's beginning: what committed late is found by looking back so far.
OVERLAP: Final = timedelta(minutes=10)
_FIRST_LOOK: Final = timedelta(days=1)


def look(*, now: datetime) -> int:
    """Look at what moved since the last round; how many cases are new. Safe to run twice and on two workers."""
    since = Mark.objects.values_list("at", flat=True).first() or now - _FIRST_LOOK
    moved = Line.objects.filter(at__gt=since - OVERLAP, at__lte=now)
    found = sum(look_at(holder_id, now=now) for holder_id in moved.values_list("holder_id", flat=True).distinct())
    _keep_mark(now)
    return found


def look_at(holder_id: str, *, now: datetime) -> int:
    """Apply every rule to one holder; how many cases are new."""
    findings = rules.apply(history.read(holder_id, now=now))
    return sum(cases.open_case(holder_id=holder_id, finding=finding, now=now) for finding in findings)


@owns_transaction
def _keep_mark(now: datetime) -> None:
    Mark.objects.update_or_create(id=1, defaults={"at": now})


@figures.source("monitoring")
def waiting_figures() -> list[tuple[str, str, int]]:
    """What an operator watches: how many cases wait, and how long the oldest has."""
    waiting = Case.objects.filter(status=CaseStatus.OPEN)
    oldest = waiting.aggregate(at=Min("opened_at"))["at"]
    seconds = int((clock.now() - oldest).total_seconds()) if oldest else 0
    return [
        ("open", "Cases of the monitoring queue that nobody has closed", waiting.count()),
        ("oldest_seconds", "Age of the oldest open case of the monitoring queue", seconds),
    ]
