"""The last twelve weeks as a picture: how many bodies about this person left, to chat platforms and to all others."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from privacy.exposure import log
from privacy.exposure.models import Recipient, RecipientKind

WEEKS: Final = 12
#: Measures of the picture, in its own units.
_HIGH, _STEP, _WIDE = 96, 30, 20


@dataclass(frozen=True, slots=True)
class Bar:
    """One week: two stacked parts."""

    week: date
    platforms: int
    others: int
    x: int
    platforms_y: int
    platforms_height: int
    others_y: int
    others_height: int
    #: Under the bar, "" where there is no room.
    is_named: bool

    @property
    def count(self) -> int:
        """Both."""
        return self.platforms + self.others


@dataclass(frozen=True, slots=True)
class Timeline:
    """The picture and its sums."""

    bars: tuple[Bar, ...]
    platforms: int
    others: int
    highest: int


def timeline_of(holder_id: str, recipients: dict[str, Recipient], now: datetime) -> Timeline:
    """The last twelve weeks, Monday to Sunday, this one included; by the database's clock, in UTC."""
    monday = now.date() - timedelta(days=now.weekday())
    weeks = [monday - timedelta(weeks=back) for back in reversed(range(WEEKS))]
    counted: dict[tuple[date, bool], int] = {}
    for recipient_id, week, count in log.tally_weeks(holder_id, since=weeks[0]):
        known = recipients.get(recipient_id)
        is_platform = known is not None and known.kind == RecipientKind.PLATFORM
        counted[week, is_platform] = counted.get((week, is_platform), 0) + count
    highest = max((counted.get((week, True), 0) + counted.get((week, False), 0) for week in weeks), default=0)
    bars = tuple(
        _bar(place, week, counted.get((week, True), 0), counted.get((week, False), 0), highest)
        for place, week in enumerate(weeks)
    )
    return Timeline(bars, sum(bar.platforms for bar in bars), sum(bar.others for bar in bars), highest)


def _bar(place: int, week: date, platforms: int, others: int, highest: int) -> Bar:
    upper, lower = (_height(count, highest) for count in (others, platforms))
    return Bar(
        week=week, platforms=platforms, others=others, x=place * _STEP + (_STEP - _WIDE) // 2,
        platforms_y=_HIGH - lower, platforms_height=lower, others_y=_HIGH - lower - upper, others_height=upper,
        is_named=place % 4 == 0 or place == WEEKS - 1,
    )  # fmt: skip


def _height(count: int, highest: int) -> int:
    """What there is can be seen, however little it is beside the highest."""
    return max(2, _HIGH * 9 // 10 * count // highest) if count else 0
