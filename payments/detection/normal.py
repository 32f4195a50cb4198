"""Folded text: lower case, no accents, plain quotes and spaces, every character still knowing where it came from."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

_APOSTROPHES = "\u2019\u2018\u02bc\u00b4`\u2032\uff07"  # typographic, modifier, acute, grave, prime, full width
_MOST_CHARACTERS = 20_000
_LIGATURES = {"œ": "oe", "æ": "ae", "ø": "o", "ł": "l"}
_TABLE = str.maketrans(
    {
        **dict.fromkeys(_APOSTROPHES, "'"),
        "œ": "oe",
        "Œ": "oe",
        "€": " eur ",
        "£": " gbp ",
        "¥": " jpy ",
        "₹": " inr ",
        "…": "...",
        "ß": "ss",
    }
)


@dataclass(frozen=True, slots=True)
class Folded:
    """Text for matching, and for each of its characters the place in the original (None: the same place)."""

    text: str
    places: list[int] | None

    def place(self, index: int) -> int:
        """The original code point behind the character at index."""
        return index if self.places is None else self.places[index]


def _fold_character(character: str) -> str:
    if character in _APOSTROPHES:
        return "'"
    if character in "\n\r\u2028\u2029":
        return "\n"
    folded = []
    for part in unicodedata.normalize("NFKD", character).casefold():
        category = unicodedata.category(part)
        if category in {"Mn", "Me", "Cf"}:  # accents, zero-width joiners, variation selectors
            continue
        folded.append(" " if category in {"Zs", "Cc"} else _LIGATURES.get(part, part))
    return "".join(folded)


class _Folding(dict[int, str]):
    """A translation table that learns as it goes; irregular are characters that do not fold to exactly one."""

    irregular: set[str]

    def __missing__(self, code: int) -> str:
        character = chr(code)
        folded = _fold_character(character)
        if len(folded) != 1:
            self.irregular.add(character)
        if len(self) < _MOST_CHARACTERS:
            self[code] = folded
        return folded


_FOLDING = _Folding()
_FOLDING.irregular = set()


def fold(text: str) -> Folded:
    """The text as the grammar reads it."""
    if text.isascii():
        return Folded(text.lower(), None)
    plain = text.translate(_FOLDING)
    if _FOLDING.irregular.isdisjoint(text):
        return Folded(plain, None)
    places: list[int] = []
    for place, character in enumerate(text):
        places += [place] * len(_FOLDING[ord(character)])
    return Folded(plain, places)


def fold_data(text: str) -> str:
    """The same folding for words of the language files."""
    return fold(text).text


def skim(text: str) -> str:
    """A quick, lossy folding for the first look: enough to see whether any word of payment talk occurs."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.translate(_TABLE)).encode("ascii", "ignore")
    return plain.decode("ascii").lower()
