"""What a message says where no phrase of the grammar matches: many small signs together, with learnt weights.

"ces 26 euros, ils vont pas se virer tout seuls": every word belongs to a few classes of its language file (owe, pay,
to_me, my, soon …), nearly the same ones in all languages. Signs are classes, pairs of classes in their order, and
single words; `weights.tsv` says how much each speaks for a request, an offer or a split, against none. The weights are
learnt from labelled messages (`python -m tests.payments.detection.learn`); a sum is never taken from them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from payments.detection.grammar import BARE, CASH, COUNT, NAME
from payments.detection.language import Language
from payments.detection.message import Intent

INTENTS = (Intent.REQUEST, Intent.OFFER, Intent.SPLIT)
SCALE = 100  # weights are kept as whole hundredths
WEIGHTS = Path(__file__).with_name("weights.tsv")
_SIGNS = {
    CASH: ("cash", "sum"),
    BARE: ("bare", "sum"),
    COUNT: ("count",),
    NAME: ("name", "you"),
    "?": ("asked",),
    **dict.fromkeys(".!;~,:()", ("break",)),
}
_UNLEARNT = (-SCALE * SCALE,) * len(INTENTS)
_NEXT = 5  # how many signs a sign is paired with
_REACH = 6  # words
_TRIPLE = 8  # words that three signs may span
_INFLECTED = frozenset({"pay", "get", "owe", "lend", "want", "share"})
_ENDING = 2  # letters that tell who does it: "debo", "kriegst"
_LONG = 3


class Verdict(NamedTuple):
    """The likeliest intent, and how likely it is that the message has any."""

    intent: Intent
    likelihood: float
    totals: tuple[float, ...]

    def leads(self, other: Intent) -> float:
        """By how much its odds are above those of another intent, as a logarithm."""
        return max(self.totals) - self.totals[INTENTS.index(other)]


@lru_cache(maxsize=50_000)
def classes_of(word: str, language: Language) -> tuple[str, ...]:
    """The classes of a word, with its ending where that tells the person."""
    signs = _SIGNS.get(word)
    if signs is not None:
        return signs
    classes = language.classes_of(word)
    if language.has_endings and len(word) > _LONG:
        classes += tuple(f"{name}-{word[-_ENDING:]}" for name in classes if name in _INFLECTED)
    return classes


def signs_of(words: Sequence[str], language: Language, *, group: bool, before: str) -> set[str]:
    """All signs of a message; before: what was pending, and said by whom."""
    classes = [classes_of(word, language) for word in words]
    placed = [(place, names) for place, names in enumerate(classes) if names]
    signs = {"group" if group else "pair", f"length {min(4, len(words) // 5)}"}
    for names in classes:
        signs.update(names)
    for at, (place, names) in enumerate(placed):
        if "break" not in names:
            _pair(signs, place, names, placed[at + 1 : at + 1 + _NEXT], words)
    kinds = [(place, names[0]) for place, names in placed if names[0] != "break"]
    for (first, one), (_, two), (last, three) in zip(kinds, kinds[1:], kinds[2:], strict=False):
        if last - first <= _TRIPLE:
            signs.add(f"{one} {two} {three}")
    code = language.code
    signs.update(f"{code}:{word}" for word in words if word.isalpha())
    signs.update(f"{code}:{word} {following}" for word, following in pairwise(words))
    for name, edge in (("first", classes[:1]), ("last", classes[-1:])):
        signs.update(f"{name} {names[0] if names else ''}" for names in edge)
    if before:
        signs.add(before)
        signs.update(f"{before} {name}" for names in classes for name in names)
    return signs


def _pair(
    signs: set[str],
    place: int,
    names: tuple[str, ...],
    following: Sequence[tuple[int, tuple[str, ...]]],
    words: Sequence[str],
) -> None:
    """Add each class of a word with each one that follows it in the same clause."""
    for other, others in following:
        if other - place > _REACH or ("break" in others and words[other] != ","):
            return
        for one in names:
            for two in others:
                signs.add(f"{one}~{two}")
                if other == place + 1:
                    signs.add(f"{one}.{two}")


@cache
def _weights() -> dict[str, tuple[int, ...]]:
    table = {}
    for line in WEIGHTS.read_text(encoding="utf-8").splitlines():
        sign, *weights = line.split("\t")
        table[sign] = tuple(map(int, weights))
    return table


def weigh(signs: set[str]) -> Verdict:
    """What the signs say together."""
    known = _weights()
    rows = [known[sign] for sign in signs if sign in known]
    totals = tuple(sum(column) / SCALE for column in zip(known.get("always", _UNLEARNT), *rows, strict=True))
    most = max(0.0, *totals)
    odds = [math.exp(total - most) for total in totals]
    none = math.exp(-most)
    return Verdict(INTENTS[totals.index(max(totals))], sum(odds) / (sum(odds) + none), totals)
