"""A language, compiled from its data file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from payments.detection.amounts import Reader
from payments.detection.grammar import Index, Lexicon, Phrase
from payments.detection.message import Intent
from payments.detection.normal import fold_data
from payments.detection.numberwords import NumberWords

LANGUAGES = ("fr", "en", "es", "de")
_FOLDER = Path(__file__).parent / "languages"
#: More of them in one word are noise; each would be a level of recursion.
_MOST_APOSTROPHES = 4
#: Classes of which one beside a bare number makes it worth a closer look.
TELLING = frozenset(
    {"owe", "pay", "lend", "means", "share", "money", "each", "cost", "get", "remind", "want", "favour", "buy"}
)
#: And without a number.
ALONE = frozenset({"settle", "owe", "paid", "lend", "means", "share", "money", "cost"})
_CLASS_LISTS = {"nonmoney": "favour", "cost": "cost", "own_money": "money", "who": "others"}
_REPEATED = re.compile(r"(.)\1{2,}")


class Needs(StrEnum):
    """What must be there besides the phrase itself."""

    NOTHING = "nothing"
    MONEY = "money"  # an amount, a word for money, or a pending sum in the context
    CASH = "cash"  # an amount with its currency, or a word for money
    AMOUNT = "amount"  # an amount in the message
    COST = "cost"  # an amount, a word for money, or something that is paid for
    CONTEXT = "context"  # an amount with its currency, or a pending sum in the context
    PENDING = "pending"  # a pending sum in the context
    NUDGE = "nudge"  # a pending debt in the context, whose direction it takes
    WEIGHED = "weighed"  # no phrase: many small signs
    ANSWER = "answer"  # a question about a debt just before


class Role(StrEnum):
    """What a phrase says of an amount."""

    TOTAL = "total"
    REST = "rest"
    CORRECTION = "correction"
    EACH = "each"
    HALF = "half"
    NOT = "not"
    RANGE = "range"


@dataclass(frozen=True, slots=True)
class Guard:
    """A phrase after which a message, or one clause of it, is no payment talk."""

    phrase: Phrase
    why: str
    whole: bool
    unless: tuple[Phrase, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A phrase of payment talk."""

    phrase: Phrase
    intent: Intent
    needs: Needs
    rank: int


@dataclass(frozen=True, slots=True)
class Share:
    """A phrase that tells the number of parts; count None: the number in it."""

    phrase: Phrase
    count: int | None


@dataclass(frozen=True, slots=True)
class AmountRole:
    """A phrase that tells what a number is."""

    phrase: Phrase
    role: Role


@dataclass(frozen=True, slots=True)
class Payer:
    """A phrase that says the sender paid the shared cost."""

    phrase: Phrase


Entry = Guard | Rule | Share | AmountRole | Payer
CONTEXTUAL = frozenset({Needs.PENDING, Needs.NUDGE, Needs.ANSWER})


class Language:
    """Words, numbers and phrases of one language, ready to run."""

    def __init__(self, code: str, data: Mapping[str, Any]) -> None:
        self.code = code
        self.function_words = frozenset(map(fold_data, data["function_words"]))
        self._elisions = {fold_data(key): fold_data(value) for key, value in data.get("elisions", {}).items()}
        self._endings = {fold_data(key): fold_data(value) for key, value in data.get("endings", {}).items()}
        self._spelling = {fold_data(key): fold_data(value).split() for key, value in data.get("spelling", {}).items()}
        self._glued = [(re.compile(fold_data(old)), fold_data(new)) for old, new in data.get("glued", [])]
        self.expand = lru_cache(maxsize=20_000)(self._expand)
        self.expansion = lru_cache(maxsize=20_000)(self._expansion)
        self.lexicon = lexicon = Lexicon(data["lexicon"], self.function_words, self._elisions, code)
        self.reader = Reader(_number_words(data, self.function_words))
        self.breaks = frozenset(map(fold_data, data.get("breaks", []))) | set(".!?;~()")
        self.joiners = frozenset(map(fold_data, data["numbers"]["joiners"])) | {"+", ",", "&"}
        self.money = lexicon.phrase("{money}")
        self.cost = lexicon.phrase("{cost}")
        self.entries: list[Entry] = list(_entries(data, lexicon))
        self.debt = lexicon.phrase("{debt}")
        self.how_much = lexicon.phrase("{how_much}")
        self._classes, self._class_prefixes = _classes(data)
        self._class_endings = {
            name: tuple(fold_data(text).split()) for name, text in data.get("class_endings", {}).items()
        }
        self.has_endings = data.get("endings_tell", False)
        self.classes_of = lru_cache(maxsize=20_000)(self._classes_of)
        self.index, self.context_index = Index(), Index()
        for number, entry in enumerate(self.entries):
            contextual = isinstance(entry, Rule) and entry.needs in CONTEXTUAL
            (self.context_index if contextual else self.index).add(entry.phrase.key, number)

    def _classes_of(self, word: str) -> tuple[str, ...]:
        """The classes that a word belongs to, the most telling first."""
        names = list(self._classes.get(word, ()))
        names += [name for prefix, name in self._class_prefixes if word.startswith(prefix) and name not in names]
        if "pay" in names or "lend" in names:
            names += [
                name
                for name, endings in self._class_endings.items()
                if name not in names and any(word.endswith(ending) and word != ending for ending in endings)
            ]
        return tuple(names)

    def _expansion(self, word: str) -> tuple[str, ...] | None:
        """The words that a written word stands for, if not for itself."""
        if not word[0].isalpha() and not word[-1].isalpha():
            return None
        parts = self.expand(word)
        return None if parts == (word,) else parts

    def _expand(self, word: str) -> tuple[str, ...]:
        """A written word as the words it stands for: "jte" = je te, "i'll" = i will."""
        if word in self._spelling:
            return tuple(self._spelling[word])
        if "'" in word:
            return self._without_apostrophe(word)
        if len(word) > 3 and (plain := _REPEATED.sub(r"\1", word)) != word:  # noqa: PLR2004 - "pleaaase"
            return self.expand(plain)
        for old, new in self._glued:
            changed, count = old.subn(new, word, count=1)
            if count:
                return tuple(
                    part for piece in changed.split() for part in (self.expand(piece) if piece != word else (piece,))
                )
        return (word,)

    def _without_apostrophe(self, word: str) -> tuple[str, ...]:
        if word.count("'") > _MOST_APOSTROPHES:
            return tuple(part for part in word.split("'") if part)
        head, _, tail = word.partition("'")
        if head in self._elisions and tail:
            return (self._elisions[head], *self.expand(tail))
        if tail in self._endings:
            return (*self.expand(head), self._endings[tail])
        return tuple(part for half in word.split("'") if half for part in self.expand(half))


def _classes(data: Mapping[str, Any]) -> tuple[dict[str, list[str]], list[tuple[str, str]]]:
    """The classes of whole words, and of those that begin so; single words of some phrase lists are classes too."""
    words: dict[str, list[str]] = {}
    prefixes: list[tuple[str, str]] = []
    for name, text in data["classes"].items():
        for word in fold_data(text).split():
            if word.endswith("*"):
                prefixes.append((word[:-1], name))
            else:
                words.setdefault(word, []).append(name)
    for entry, name in _CLASS_LISTS.items():
        for word in map(fold_data, data["lexicon"][entry]):
            if word.isalnum() and name not in words.setdefault(word, []):
                words[word].append(name)
    return words, prefixes


def _number_words(language: Mapping[str, Any], function_words: frozenset[str]) -> NumberWords:
    data = language["numbers"]
    countables = language["lexicon"]["nonmoney"] + data["units"]

    def folded(name: str) -> frozenset[str]:
        return frozenset(map(fold_data, data.get(name, [])))

    def table(name: str) -> dict[str, Any]:
        return {fold_data(key): value for key, value in data.get(name, {}).items()}

    values = table("values")
    for unit, unit_value in table("compound_units").items():
        for ten, ten_value in table("compound_tens").items():
            values[unit + data["compound_joiner"] + ten] = unit_value + ten_value
    for hundred, factor in table("compound_hundreds").items():
        for small, value in list(values.items()):
            if value < 100:  # noqa: PLR2004
                values.setdefault(hundred + small, factor + value)
        values.setdefault(hundred, factor)
    return NumberWords(
        values=values,
        multipliers=table("multipliers"),
        points=folded("points"),
        joiners=folded("joiners"),
        articles=folded("articles"),
        currencies=table("currencies"),
        cents=folded("cents"),
        notes=table("notes"),
        note_of=folded("note_of"),
        partitives=folded("partitives"),
        before_count=folded("before_count"),
        before_money=folded("before_money"),
        owed_before=folded("owed_before"),
        countables=frozenset(map(fold_data, countables)),
        after_money=folded("after_money") | function_words | _first_words(language, data["after_entries"]),
        nouns=folded("nouns"),
        ordinal_before=folded("ordinal_before"),
        each=frozenset(tuple(fold_data(phrase).split()) for phrase in language["lexicon"]["each"]),
    )


def _first_words(language: Mapping[str, Any], names: list[str]) -> frozenset[str]:
    phrases = [phrase for name in names for phrase in language["lexicon"][name]]
    return frozenset(word for phrase in phrases if (word := fold_data(phrase).split()[0]).isalpha())


def _entries(data: Mapping[str, Any], lexicon: Lexicon) -> list[Entry]:
    entries: list[Entry] = []
    for guard in data.get("none", []):
        unless = tuple(lexicon.phrase(text) for text in guard.get("unless", []))
        entries += [
            Guard(lexicon.phrase(text), guard["why"], guard.get("scope", "clause") == "message", unless)
            for text in guard["say"]
        ]
    for rule in data.get("rule", []):
        entries += [
            Rule(
                lexicon.phrase(text), Intent(rule["intent"]), Needs(rule.get("needs", "nothing")), rule.get("rank", 50)
            )
            for text in rule["say"]
        ]
    for share in data.get("shares", []):
        entries += [Share(lexicon.phrase(text), share.get("count")) for text in share["say"]]
    for role, phrases in data.get("amounts", {}).items():
        entries += [AmountRole(lexicon.phrase(text), Role(role)) for text in phrases]
    entries += [Payer(lexicon.phrase(text)) for text in data.get("payer", {}).get("say", [])]
    return entries


@cache
def load(code: str) -> Language:
    """The compiled language."""
    with (_FOLDER / f"{code}.toml").open("rb") as file:
        return Language(code, tomllib.load(file))
