"""The rules: a history goes in, findings come out. Nothing is read and nothing is written here.

A figure that is changed raises the rule's version; docs/operators.md explains each to whoever works on the queue.
Amounts are in whole units of whichever currency moved.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from wallet.core.money import Money, exponent
from wallet.monitoring.history import History, Moment

_DAY, _WEEK = timedelta(days=1), timedelta(days=7)
_SHOWN_REFS: Final = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule found about one holder; `window` makes it one case, however often it is found."""

    rule: str
    version: int
    window: str
    #: Counts, amounts in minor units, codes.
    facts: dict[str, int | str]
    #: Public ids of what it is about.
    refs: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, its version and what it means."""

    code: str
    version: int
    title: str | Promise
    find: Callable[[History], Iterator[Finding]]


# --- 1: money comes in and goes out at once ----------------------------------------------------------------

_THROUGH_UNITS, _THROUGH_PERCENT = 100, 80


def _in_and_out(history: History) -> Iterator[Finding]:
    """At least 100 is topped up, and within a day of the first top-up 80 % of it has left again."""
    for first in history.moments:
        if not _is_top_up(first):
            continue
        span = [one for one in _within(history, first.at, _DAY) if one.amount.currency == first.amount.currency]
        came, went = _sum(filter(_is_top_up, span)), _sum(one for one in span if one.direction == "out")
        if came >= _units(_THROUGH_UNITS, first) and went * 100 >= came * _THROUGH_PERCENT:
            facts: dict[str, int | str] = {"in_minor": came, "out_minor": went, "currency": first.amount.currency}
            yield Finding("in_and_out", 1, _day_of(first), facts, _refs(span))


# --- 2: somebody guesses, or a card is in other hands -------------------------------------------------------

_DECLINES = 10


def _declines(history: History) -> Iterator[Finding]:
    """Ten card payments are declined within a day."""
    declined = [one for one in history.moments if one.kind == "card_payment" and one.status == "declined"]
    for group in _groups(declined, _DAY):
        if len(group) >= _DECLINES:
            yield Finding("many_declines", 1, _day_of(group[0]), {"declined": len(group)}, _refs(group))


# --- 3: amounts that keep just below a limit -----------------------------------------------------------------

_BELOW_TIMES, _BELOW_PERCENT = 3, 90


def _below_limit(history: History) -> Iterator[Finding]:
    """Three amounts in a week are each 90 to 100 % of what the tier allows at once."""
    close = [one for one in history.moments if one.has_moved and _is_close(one, history)]
    for group in _groups(close, _WEEK):
        if len(group) >= _BELOW_TIMES:
            currency = group[0].amount.currency
            facts: dict[str, int | str] = {
                "times": len(group), "limit_minor": history.ceilings[currency] or 0, "currency": currency,
            }  # fmt: skip
            yield Finding("below_limit", 1, _week_of(group[0]), facts, _refs(group))


def _is_close(moment: Moment, history: History) -> bool:
    limit = history.ceilings.get(moment.amount.currency)
    return limit is not None and limit * _BELOW_PERCENT <= moment.amount.minor * 100 <= limit * 100


# --- 4: many people pay one ------------------------------------------------------------------------------------

_PAYERS = 10


def _many_payers(history: History) -> Iterator[Finding]:
    """Ten different people pay one holder within a week."""
    received = [one for one in history.moments if one.payer and one.has_moved]
    for group in _groups(received, _WEEK):
        payers = {one.payer for one in group}
        if len(payers) >= _PAYERS:
            yield Finding("many_payers", 1, _week_of(group[0]), {"payers": len(payers)}, _refs(group))


# --- 5: a wallet wakes up ----------------------------------------------------------------------------------------

_ASLEEP, _AWAKE_UNITS = timedelta(days=180), 200


def _wakes(history: History) -> Iterator[Finding]:
    """After 180 days without a line, 200 come or go within a day."""
    if history.previous_at is None or not history.moments:
        return
    first = history.moments[0]
    slept = first.at - history.previous_at
    if slept < _ASLEEP:
        return
    span = [one for one in _within(history, first.at, _DAY) if one.amount.currency == first.amount.currency]
    moved = _sum(span)
    if moved >= _units(_AWAKE_UNITS, first):
        facts: dict[str, int | str] = {
            "days": slept.days, "moved_minor": moved, "currency": first.amount.currency,
        }  # fmt: skip
        yield Finding("wakes_up", 1, _day_of(first), facts, _refs(span))


RULES: Final[tuple[Rule, ...]] = (
    Rule("in_and_out", 1, _("Topped up and gone within a day"), _in_and_out),
    Rule("many_declines", 1, _("Many declined card payments in a day"), _declines),
    Rule("below_limit", 1, _("Amounts just below a limit"), _below_limit),
    Rule("many_payers", 1, _("Many different payers in a week"), _many_payers),
    Rule("wakes_up", 1, _("A sleeping wallet moves large amounts"), _wakes),
)
TITLES: Final = {rule.code: rule.title for rule in RULES}


def apply(history: History) -> list[Finding]:
    """What all the rules find, one finding for a rule and window."""
    found: dict[tuple[str, str], Finding] = {}
    for rule in RULES:
        for finding in rule.find(history):
            found.setdefault((finding.rule, finding.window), finding)
    return list(found.values())


# --- Shared ----------------------------------------------------------------------------------------------------------


def _is_top_up(moment: Moment) -> bool:
    return moment.kind == "top_up" and moment.has_moved


def _within(history: History, start: datetime, span: timedelta) -> list[Moment]:
    return [one for one in history.moments if one.has_moved and start <= one.at <= start + span]


def _sum(moments: Iterator[Moment] | Sequence[Moment]) -> int:
    return sum(one.amount.minor for one in moments)


def _units(units: int, like: Moment) -> int:
    return Money(units * 10 ** exponent(like.amount.currency), like.amount.currency).minor


def _groups(moments: Sequence[Moment], span: timedelta) -> Iterator[list[Moment]]:
    """For each moment, what comes within the span from it on."""
    for index, first in enumerate(moments):
        yield [one for one in moments[index:] if one.at <= first.at + span]


def _day_of(moment: Moment) -> str:
    return moment.at.astimezone(UTC).date().isoformat()


def _week_of(moment: Moment) -> str:
    year, week, _weekday = moment.at.astimezone(UTC).isocalendar()
    return f"{year}-W{week:02}"


def _refs(moments: Sequence[Moment]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.ref for one in moments))[:_SHOWN_REFS]
