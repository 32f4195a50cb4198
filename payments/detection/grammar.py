"""Compiles the phrases of a language file.

A phrase is a row of words with a few signs. `(a|b c)`: one of; `[a|b]`: may be missing; `{pay}`: any phrase of the
lexicon entry; `pay*`: any word that begins so; `*me`: any that ends so; `_`: any one word; `!word`: not that word;
`..`: up to four words inside a clause; `...`: up to eight words inside a sentence; `~`: an ellipsis; `^` and `$`: begin
and end of a clause, `^^` and `$$` of the message. Of numbers, `{amt}` is any amount, `{cur}` one with its currency,
`{num}` a bare one that may be money, `{n}` any number, `{count}` one that cannot be money; `{AMT}` and `{N}` mark the
one that the phrase is about. `{name}` is somebody of the thread.

A compiled phrase runs over a line of space-separated words in which each number has become one sign. All repetition is
bounded, so the time is linear in the length of the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache, reduce
from operator import or_

from payments.detection.normal import fold_data

CASH, BARE, COUNT, OTHER, NAME = "¤", "#", "№", "∅", "@"
HALVES = "50/50"
NUMBER_SIGNS = frozenset({CASH, BARE, COUNT})

_ITEM = re.compile(r"\{\w+\}|\.\.\.|\.\.|\^\^|\$\$|[()\[\]|!^$]|[^\s()\[\]|{}!^$]+")
_FREE = {  # they say nothing of the words of a message
    "_": "[^\\W\\d_]\\w* ",
    "..": "(?:[^ .,!?;:~]+ ){0,4}?",
    "...": "(?:[^ .!?;~]+ ){0,8}?",
    "^": "(?:(?<=^ )|(?<=[.!?;:,~)(] ))",
    "$": "(?=[.!?;:,~)(]|$)",
    "^^": "^ (?:[^\\w¤#№∅@+=]+ )*",
    "$$": "(?=(?:[^\\w¤#№∅@+=]+ )*$)",
}
_SIGNS = {
    "{amt}": (f"[{CASH}{BARE}] ", {CASH, BARE}),
    "{cur}": (f"{CASH} ", {CASH}),
    "{num}": (f"{BARE} ", {BARE}),
    "{n}": (f"[{BARE}{COUNT}] ", {BARE, COUNT}),
    "{count}": (f"{COUNT} ", {COUNT}),
    "{name}": (f"{NAME} ", {NAME}),
    "{it_amt}": (f"(?P<it>[{CASH}{BARE}]) ", {CASH, BARE}),
    "{it_n}": (f"(?P<it>[{BARE}{COUNT}]) ", {BARE, COUNT}),
}
_COMMON = 1000  # what one very common word costs as the key of a phrase


class GrammarError(ValueError):
    """A phrase of a language file that cannot be read."""


@dataclass(frozen=True, slots=True)
class Key:
    """Words of which one must occur for a phrase to match; prefixes stand for `word*`."""

    words: frozenset[str]
    prefixes: frozenset[str] = frozenset()

    def __or__(self, other: Key) -> Key:
        return Key(self.words | other.words, self.prefixes | other.prefixes)


@dataclass(frozen=True, slots=True)
class _Part:
    regex: str
    key: Key | None  # the rarest of keys; None: it may be missing, so it says nothing about the message
    keys: tuple[Key, ...] = ()  # every one of these must be met


@dataclass(frozen=True, slots=True)
class Phrase:
    """A compiled phrase and the words without which it cannot match."""

    source: str
    regex: re.Pattern[str]
    key: Key
    others: tuple[Key, ...] = ()
    needed: tuple[frozenset[str], ...] = ()  # one word of each of these

    @property
    def keys(self) -> tuple[Key, ...]:
        """All that must be there."""
        return (self.key, *self.others)

    def may_match(self, words: set[str]) -> bool:
        """Whether the words that it needs besides its key are there."""
        for choice in self.needed:  # noqa: SIM110 - a generator is twice as slow, and this is the hot path
            if choice.isdisjoint(words):
                return False
        return True


class Lexicon:
    """The named phrase lists of one language, and the compiler that knows them."""

    def __init__(
        self, entries: dict[str, list[str]], common: frozenset[str], elisions: dict[str, str], language: str
    ) -> None:
        self._entries = entries
        self._common = common
        self._elisions = elisions
        self._language = language
        self._parts: dict[str, _Part] = {}

    def phrase(self, source: str) -> Phrase:
        """Compile one phrase."""
        part = self._sequence(source)
        if part.key is None:
            raise GrammarError(f"{self._language}: {source!r} could match without any word of its own")
        start = "" if part.regex.startswith("^") else "(?<= )"
        others = tuple(key for key in part.keys if key is not part.key)
        needed = tuple(key.words for key in others if not key.prefixes)
        return Phrase(source, re.compile(start + part.regex), part.key, others, needed)

    def words_of(self, name: str) -> list[str]:
        """The phrases of one lexicon entry as written."""
        return self._entries.get(name, [])

    def cost(self, key: Key) -> int:
        """How little a key tells: common words cost most."""
        common = sum(word in self._common for word in key.words)
        common += sum(len(prefix) < 3 for prefix in key.prefixes)  # noqa: PLR2004 - too short to be rare
        signs = sum(200 for word in key.words if word in {BARE, COUNT}) + (60 if CASH in key.words else 0)
        signs += sum(
            _COMMON for word in key.words if not word.isalnum() and word not in NUMBER_SIGNS and word != HALVES
        )
        return common * _COMMON + signs + len(key.words) + len(key.prefixes)

    def _sequence(self, source: str) -> _Part:
        # Folding makes everything small: the two capital signs go around it.
        hidden = source.replace("{AMT}", "{it_amt}").replace("{N}", "{it_n}")
        items = _ITEM.findall(self._elide(fold_data(hidden)))
        part, rest = self._alternatives(items, 0, source)
        if rest != len(items):
            raise GrammarError(f"{self._language}: unbalanced bracket in {source!r}")
        return part

    def _elide(self, text: str) -> str:
        for short, full in self._elisions.items():
            text = re.sub(rf"(?<![\w']){short}'", full + " ", text)
        return text.replace("'", " ")

    def _alternatives(self, items: list[str], at: int, source: str) -> tuple[_Part, int]:
        branches: list[_Part] = []
        parts: list[_Part] = []
        while at < len(items) and items[at] not in ")]":
            if items[at] == "|":
                branches.append(self._join(parts))
                parts = []
                at += 1
                continue
            part, at = self._item(items, at, source)
            parts.append(part)
        branches.append(self._join(parts))
        if len(branches) == 1:
            return branches[0], at
        keys = self._shared_keys(branches)
        regex = "(?:" + "|".join(branch.regex for branch in branches) + ")"
        return _Part(regex, keys[0] if keys else None, keys), at

    def _shared_keys(self, branches: list[_Part]) -> tuple[Key, ...]:
        """Keys that every branch needs one of: the rarest of each, the second of each, as far as all have one."""
        sorted_keys = [
            sorted(branch.keys or ((branch.key,) if branch.key is not None else ()), key=self.cost)
            for branch in branches
        ]
        return tuple(reduce(or_, keys) for keys in zip(*sorted_keys, strict=False))

    def _item(self, items: list[str], at: int, source: str) -> tuple[_Part, int]:
        item = items[at]
        if item in "([":
            part, at = self._alternatives(items, at + 1, source)
            if at >= len(items) or items[at] != (")" if item == "(" else "]"):
                raise GrammarError(f"{self._language}: unbalanced bracket in {source!r}")
            if item == "(":
                return _Part(f"(?:{part.regex})", part.key, part.keys), at + 1
            return _Part(f"(?:{part.regex})?", None), at + 1
        if item == "!" and at + 1 < len(items) and items[at + 1] not in "|)]":
            part, at = self._item(items, at + 1, source)
            return _Part(f"(?!{part.regex})", None), at
        return self._word(item, source), at + 1

    def _word(self, item: str, source: str) -> _Part:
        if item in _FREE:
            return _Part(_FREE[item], None)
        if item in _SIGNS:
            regex, words = _SIGNS[item]
            return _Part(regex, Key(frozenset(words)))
        if item.startswith("{"):
            return self._entry(item[1:-1], source)
        stem = item.strip("*")
        if not stem or stem == item:
            return _Part(re.escape(item) + " ", Key(frozenset({item})))
        if item[0] == "*":
            return _Part(f"[^\\W\\d_]\\w*{re.escape(stem)} ", None)
        return _Part(re.escape(stem) + "\\w* ", Key(frozenset(), frozenset({stem})))

    def _entry(self, name: str, source: str) -> _Part:
        if name not in self._parts:
            if name not in self._entries:
                raise GrammarError(f"{self._language}: {source!r} names {name!r}, which the lexicon does not have")
            parts = [self._sequence(phrase) for phrase in self._entries[name]]
            keys = self._shared_keys(parts)
            # The longest first: "de la part de" before "de".
            ordered = sorted((part.regex for part in parts), key=len, reverse=True)
            self._parts[name] = _Part("(?:" + "|".join(ordered) + ")", keys[0] if keys else None, keys)
        return self._parts[name]

    def _join(self, parts: list[_Part]) -> _Part:
        keys = tuple(key for part in parts for key in (part.keys or ((part.key,) if part.key is not None else ())))
        return _Part("".join(part.regex for part in parts), min(keys, key=self.cost) if keys else None, keys)


class Index:
    """Finds the phrases that can match a message at all, from its words."""

    def __init__(self) -> None:
        self._words: dict[str, list[int]] = {}
        self._prefixes: dict[str, list[int]] = {}
        self._lengths: tuple[int, ...] = ()

    def add(self, key: Key, number: int) -> None:
        """Let the phrase of this number be found by its key."""
        for word in key.words:
            self._words.setdefault(word, []).append(number)
        for prefix in key.prefixes:
            self._prefixes.setdefault(prefix, []).append(number)
        self._lengths = tuple(sorted({len(prefix) for prefix in self._prefixes}))
        self.find_word.cache_clear()

    def find(self, words: set[str]) -> set[int]:
        """The numbers of all phrases worth trying."""
        found: set[int] = set()
        for word in words:
            found.update(self.find_word(word))
        return found

    @lru_cache(maxsize=20_000)  # noqa: B019 - one index per language lives as long as the process
    def find_word(self, word: str) -> tuple[int, ...]:
        """The phrases that one word calls for."""
        numbers = list(self._words.get(word, ()))
        for length in self._lengths:
            if length <= len(word):
                numbers += self._prefixes.get(word[:length], ())
        return tuple(numbers)
