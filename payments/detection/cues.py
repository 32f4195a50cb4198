"""Weak evidence: words that say nothing alone and much together, where no phrase of the grammar is found.

"ces 26 euros, ils vont pas se virer tout seuls": a sum, and two or three words that people use of a pending one. Each
cue of the language file counts once, for one intent or against all; what is beyond doubt together is a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from payments.detection.language import Cue
from payments.detection.message import Intent

_ENOUGH = 2.5  # beside a sum with its currency
_MARGIN = 1.0  # over the next intent


class Verdict(NamedTuple):
    """The intent that the cues speak for, and the stretch of the line from the first cue to the last."""

    intent: Intent
    start: int
    end: int


def weigh(cues: Iterable[Cue], line: str, is_dead: Callable[[int, int], bool], *, cash: bool) -> Verdict | None:
    """What the cues say together, if they say enough."""
    weights: dict[Intent, float] = {}
    reach: dict[Intent, tuple[int, int]] = {}
    for cue in cues:
        found = next((m for m in cue.phrase.regex.finditer(line) if not is_dead(m.start(), m.end() - 1)), None)
        if found is None:
            continue
        intent = cue.intent
        weights[intent] = weights.get(intent, 0.0) + cue.weight
        start, end = reach.get(intent, (found.start(), found.end()))
        reach[intent] = min(start, found.start()), max(end, found.end())
    against = weights.pop(Intent.NONE, 0.0)
    if not weights:
        return None
    ranked = sorted(weights, key=lambda intent: -weights[intent])
    best = ranked[0]
    rest = weights[ranked[1]] if len(ranked) > 1 else 0.0
    if weights[best] - against < (_ENOUGH if cash else _ENOUGH + 1) or weights[best] - rest < _MARGIN:
        return None
    return Verdict(best, *reach[best])
