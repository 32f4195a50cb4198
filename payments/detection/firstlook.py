"""The first look: throws out ordinary messages before any grammar runs.

A rule can match only if a word for each of its necessary parts occurs. Every rule of every language owns a bit; a word
stands for one set of bits per part that it may fill. A message whose words fill all parts of no rule is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from payments.detection.grammar import BARE, CASH, COUNT, HALVES, NAME, NUMBER_SIGNS, Key
from payments.detection.language import CONTEXTUAL, LANGUAGES, Language, Needs, Rule, load
from payments.detection.normal import skim

_PARTS = 4
_DIGITS = frozenset("0123456789<")
_WORDS = re.compile(r"(?<!\d)50 ?[/-] ?50(?!\d)|[.,]-|[a-z]+(?:'[a-z]+)*|[0-9<?/$]")
_NUMBER = Key(frozenset({CASH, BARE}))
_CASH = Key(frozenset({CASH}))
_SEEN = NUMBER_SIGNS | {HALVES, NAME, "?", "/"}
_COINS = frozenset({"$", ".-", ",-"})
_VOTE_BITS = 12  # per language, in one number
_OWN_VOTES = 3  # what the locale counts, in half words


@dataclass(frozen=True, slots=True)
class Meaning:
    """The parts of rules that a word may fill, and how it votes on the language."""

    one: int
    two: int
    three: int
    four: int
    votes: int


class FirstLook:
    """The bits of all rules of one language; shift keeps those of other languages apart."""

    def __init__(self, language: Language, shift: int) -> None:
        self._language = language
        self._exact: list[dict[str, int]] = [{} for _ in range(_PARTS)]
        self._prefixes: list[dict[str, int]] = [{} for _ in range(_PARTS)]
        self.always = [0] * _PARTS  # rules with fewer parts
        self.count = 0
        for entry in language.entries:
            if isinstance(entry, Rule) and entry.needs not in CONTEXTUAL:
                self._add(1 << (shift + self.count), _keys(entry, language))
                self.count += 1
        for number in (_CASH, _NUMBER | _CASH):  # weak evidence is weighed beside a sum
            words = language.debt.key if BARE in number.words else language.persons
            self._add(1 << (shift + self.count), sorted((number, words), key=language.lexicon.cost))
            self.count += 1
        self._lengths = sorted({len(prefix) for part in self._prefixes for prefix in part})

    def _add(self, bit: int, keys: list[Key]) -> None:
        for part in range(_PARTS):
            if part >= len(keys):
                self.always[part] |= bit
                continue
            for word in keys[part].words:
                self._exact[part][word] = self._exact[part].get(word, 0) | bit
            for prefix in keys[part].prefixes:
                self._prefixes[part][prefix] = self._prefixes[part].get(prefix, 0) | bit

    def masks(self, written: str) -> list[int]:
        """The parts that a word, as written, may fill."""
        found = [0] * _PARTS
        reader = self._language.reader
        for word in self._language.expand(written):
            signs: set[str] = set()
            if written in _DIGITS or reader.counts(word):
                signs |= {BARE, COUNT}
            if written in _COINS or reader.is_money(word):
                signs |= {CASH}
            if written[:2] == "50":
                signs |= {HALVES, BARE, COUNT}
            for part in range(_PARTS):
                found[part] |= self._of(part, (word, *signs))
                for length in self._lengths:
                    if length <= len(word):
                        found[part] |= self._prefixes[part].get(word[:length], 0)
        return found

    def named(self) -> list[int]:
        """The parts that the name of somebody in the thread may fill."""
        return [self._of(part, (NAME,)) for part in range(_PARTS)]

    def _of(self, part: int, words: Iterable[str]) -> int:
        mask = 0
        for word in words:
            mask |= self._exact[part].get(word, 0)
        return mask


def _keys(rule: Rule, language: Language) -> list[Key]:
    keys = [key for key in rule.phrase.keys if not _is_sign(key)]
    if rule.needs is Needs.AMOUNT:
        keys.append(_NUMBER)
    elif rule.needs is Needs.CASH:
        keys.append(language.money.key | _CASH)
    elif rule.needs is Needs.CONTEXT:
        keys.append(_CASH)
    elif rule.needs is Needs.MONEY:
        keys.append(language.money.key | _NUMBER)
    elif rule.needs is Needs.COST:
        keys.append(language.money.key | language.cost.key | _CASH)
    return sorted(keys, key=language.lexicon.cost)[:_PARTS]


def _is_sign(key: Key) -> bool:
    """Of all punctuation only the question mark and the slash are looked at."""
    return any(not word.isalnum() and word not in _SEEN for word in key.words)


@cache
def _looks() -> tuple[list[FirstLook], list[int], list[int], dict[str, int]]:
    """The first look of each language; parts that nothing need fill; parts that a name fills; the bits by language."""
    looks: list[FirstLook] = []
    bits: dict[str, int] = {}
    shift = 0
    for code in LANGUAGES:
        looks.append(FirstLook(load(code), shift))
        bits[code] = ((1 << looks[-1].count) - 1) << shift
        shift += looks[-1].count
    always, named = [0] * _PARTS, [0] * _PARTS
    for look in looks:
        always = [a | b for a, b in zip(always, look.always, strict=True)]
        named = [a | b for a, b in zip(named, look.named(), strict=True)]
    return looks, always, named, bits


@lru_cache(maxsize=50_000)
def _meaning(word: str) -> Meaning:
    found = [0] * _PARTS
    for look in _looks()[0]:
        found = [a | b for a, b in zip(found, look.masks(word), strict=True)]
    votes = 0
    for place, code in enumerate(LANGUAGES):
        known = load(code).function_words
        votes += 2 * sum(part in known for part in {word, *word.split("'")}) << (place * _VOTE_BITS)
    return Meaning(found[0], found[1], found[2], found[3], votes)


@lru_cache(maxsize=1000)
def _first_word(name: str) -> str:
    """The first word of a name, if it is long enough to be told from a word."""
    found = _WORDS.search(skim(name))
    return found.group() if found is not None and len(found.group()) > 1 else "\0"


def language_of(text: str, locale: str) -> Language:
    """The language whose small words occur most; the locale's when in doubt."""
    return _elected(sum(_meaning(word).votes for word in set(_WORDS.findall(skim(text)))), locale)


def _elected(votes: int, locale: str) -> Language:
    own = locale[:2].lower()
    best, most = own if own in LANGUAGES else "en", 0
    for place, code in enumerate(LANGUAGES):
        count = (votes >> (place * _VOTE_BITS)) % (1 << _VOTE_BITS) + (_OWN_VOTES if code == own else 0)
        if count > most:
            best, most = code, count
    return load(best)


def first_look(text: str, locale: str, others: Sequence[str]) -> Language | None:
    """The language of the message if its words could fill all parts of any rule, else None."""
    _, always, named, bits = _looks()
    first, second, third, fourth = always
    votes = 0
    plain = skim(text)
    words = set(_WORDS.findall(plain))
    for word in words:
        meaning = _meaning(word)
        first |= meaning.one
        second |= meaning.two
        third |= meaning.three
        fourth |= meaning.four
        votes += meaning.votes
    if any(_first_word(name) in words for name in others):
        first, second, third, fourth = (a | b for a, b in zip((first, second, third, fourth), named, strict=True))
    found = first & second & third & fourth
    if not found:
        return None
    language = _elected(votes, locale)
    return language if found & bits[language.code] else None
