"""The first look: throws out ordinary messages before any grammar runs.

Every word speaks a little for or against payment talk: `firstlook.tsv` says how much, by itself and by its classes, in
a message with a number and in one without; what one word says is added up once, when it is first met. A message in
doubt gets a second chance: a phrase can match only if a word for each of its necessary parts occurs. Every rule of a
language owns a bit; a word stands for one set of bits per part that it may fill, the sets side by side in one number.
All loops over the words of a message run inside the interpreter's own functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache, reduce
from operator import itemgetter, or_
from pathlib import Path

from payments.detection.grammar import BARE, CASH, COUNT, HALVES, NAME, NUMBER_SIGNS, Key
from payments.detection.language import CONTEXTUAL, LANGUAGES, Language, Needs, Rule, load
from payments.detection.normal import skim

WEIGHTS = Path(__file__).with_name("firstlook.tsv")
ALWAYS, NAMED = "always", "named"
LIKELY, _DOUBTFUL = -200, -600  # hundredths, as in the table: what passes at once, and what if a phrase may match
_PARTS = 6
_DIGITS = frozenset("0123456789") | {"<#>", "<decimal>"}
_WORDS = re.compile(
    r"(?<!\d)50(?: ?[/-] ?| )50(?!\d)|fifty[ -]?fifty\b|[.,]-|[a-z]+(?:'[a-z]+)*"
    r"|[0-9]{1,2}(?:[h:][0-9]{0,2}|[ap]m)(?![0-9a-z])|<3+|[:;=]-?3(?![0-9])|<[\w#]{1,12}>"
    r"|[0-9] ?[cepf](?![a-z'])|[0-9?/$=]"
)
_COIN = re.compile(r"[0-9] ?[a-z]")
_NUMBER = Key(frozenset({CASH, BARE}))
_CASH = Key(frozenset({CASH}))
_ONE = "1"  # "un" and "a": a number before a currency only
_BESIDE_CASH = Key(frozenset({BARE, _ONE}))
_SEEN = NUMBER_SIGNS | {HALVES, NAME, "?", "/", "="}
_COINS = frozenset({"$", ".-", ",-"})
_MOST_WORDS = 50_000  # remembered
_COLUMNS, _IS_NUMBER = (itemgetter(0), itemgetter(1)), itemgetter(2)
_VOTE_BITS = 12  # per language, in one number
_OWN_VOTES = 3  # what the locale counts, in half words


class _Votes(dict[str, int]):
    """How each word votes on the language; filled as words are met."""

    def __missing__(self, word: str) -> int:
        votes = 0
        for place, code in enumerate(LANGUAGES):
            known = load(code).function_words
            votes += 2 * sum(part in known for part in {word, *word.split("'")}) << (place * _VOTE_BITS)
        if len(self) < _MOST_WORDS:
            self[word] = votes
        return votes


@cache
def _weights() -> dict[str, tuple[int, int]]:
    """What each sign says without and with a number."""
    table = {}
    for line in WEIGHTS.read_text(encoding="utf-8").splitlines():
        sign, without, beside = line.split("\t")
        table[sign] = int(without), int(beside)
    return table


def signs_of(written: str, language: Language) -> tuple[set[str], bool]:
    """What a word says by itself and by its classes, and whether it is a number."""
    reader, code = language.reader, language.code
    signs: set[str] = set()
    is_number = written in _DIGITS
    if is_number:
        signs.add("number")
    is_sign = not written[0].isalpha() and len(written) > 1  # a time, a face, a mask, halves
    if is_sign and not is_number:
        is_number = written[:2] == "50" or _COIN.fullmatch(written) is not None
        signs.add("50/50" if written[:2] == "50" else "coin" if is_number else f"sign {written[-1]}")
    for word in (written,) if is_sign else language.expand(written):
        if word.isalpha():
            signs.add(f"{code}:{word}")
        signs.update(language.classes_of(word))
        if not is_number and reader.counts(word) and not reader.is_article(word):
            signs.add("number word")
            is_number = True
        if word in _COINS or (len(word) > 1 and reader.is_money(word)):
            signs.add("currency")
    return signs, is_number


class _Scores(dict[str, tuple[int, int, bool]]):
    """What each word says without and with a number, and whether it is one; filled as words are met."""

    def __init__(self, language: Language) -> None:
        super().__init__()
        self._language = language

    def __missing__(self, written: str) -> tuple[int, int, bool]:
        signs, is_number = signs_of(written, self._language)
        known = _weights()
        rows = [known[sign] for sign in signs if sign in known]
        score = sum(row[0] for row in rows), sum(row[1] for row in rows), is_number
        if len(self) < _MOST_WORDS:
            self[written] = score
        return score


class FirstLook(dict[str, int]):
    """The parts of all rules of one language that each word may fill; filled as words are met."""

    def __init__(self, language: Language) -> None:
        super().__init__()
        self._language = language
        self._exact: list[dict[str, int]] = [{} for _ in range(_PARTS)]
        self._prefixes: list[dict[str, int]] = [{} for _ in range(_PARTS)]
        always = [0] * _PARTS  # rules with fewer parts
        count = 0
        for keys in _all_keys(language):
            self._add(1 << count, keys, always)
            count += 1
        self._width = count
        self._lengths = sorted({len(prefix) for part in self._prefixes for prefix in part})
        self._always = self._joined(always)
        self._named = self._joined([self._of(part, (NAME,)) for part in range(_PARTS)])
        self._scores = _Scores(language)
        known = _weights()
        first, called = known.get(ALWAYS, (0, 0)), known.get(NAMED, (0, 0))
        self._before: tuple[tuple[int, int], ...] = (first, (first[0] + called[0], first[1] + called[1]))

    def __missing__(self, written: str) -> int:
        mask = self._mask(written)
        if len(self) < _MOST_WORDS:
            self[written] = mask
        return mask

    def is_likely(self, words: set[str], likely: int, *, named: bool) -> bool:
        """Whether a message of these words is worth a closer look."""
        scores = list(map(self._scores.__getitem__, words))
        column = int(any(map(_IS_NUMBER, scores)))
        score = sum(map(_COLUMNS[column], scores)) + self._before[named][column]
        return score > likely or (score > _DOUBTFUL and self.may_match(words, named=named))

    def may_match(self, words: set[str], *, named: bool) -> bool:
        """Whether the words could fill all parts of any rule."""
        filled = reduce(or_, map(self.__getitem__, words), self._always | self._named if named else self._always)
        found = (1 << self._width) - 1
        for _ in range(_PARTS):
            found &= filled
            filled >>= self._width
        return found != 0

    def _add(self, bit: int, keys: list[Key], always: list[int]) -> None:
        for part in range(_PARTS):
            if part >= len(keys):
                always[part] |= bit
                continue
            for word in keys[part].words:
                self._exact[part][word] = self._exact[part].get(word, 0) | bit
            for prefix in keys[part].prefixes:
                self._prefixes[part][prefix] = self._prefixes[part].get(prefix, 0) | bit

    def _mask(self, written: str) -> int:
        found = [0] * _PARTS
        reader = self._language.reader
        coin = written[-1] if _COIN.fullmatch(written) else ""  # the p of "50p": alone it is no currency
        is_sign = not written[0].isalpha() and len(written) > 1 and written[:2] != "50"  # a time, a face, a mask
        for word in (written,) if is_sign else self._language.expand(written):
            signs: set[str] = set()
            if written in _DIGITS or (not is_sign and reader.counts(word)):
                signs |= {_ONE} if reader.is_article(word) else {BARE, COUNT}
            if written in _COINS or (len(word) > 1 and reader.is_money(word)):
                signs |= {CASH}
            if coin:
                signs |= {BARE, COUNT, coin} | ({CASH} if reader.is_money(coin) else set())
            if written[:2] == "50" or written[:5] == "fifty":
                signs |= {HALVES, BARE, COUNT}
            for part in range(_PARTS):
                found[part] |= self._of(part, (word, *signs))
                for length in self._lengths:
                    if length <= len(word):
                        found[part] |= self._prefixes[part].get(word[:length], 0)
        return self._joined(found)

    def _joined(self, parts: list[int]) -> int:
        return sum(mask << (part * self._width) for part, mask in enumerate(parts))

    def _of(self, part: int, words: Iterable[str]) -> int:
        return reduce(or_, (self._exact[part].get(word, 0) for word in words), 0)


def _all_keys(language: Language) -> Iterable[list[Key]]:
    for entry in language.entries:
        if isinstance(entry, Rule) and entry.needs not in CONTEXTUAL:
            yield _keys(entry, language)


def _keys(rule: Rule, language: Language) -> list[Key]:
    keys = [key for key in rule.phrase.keys if not _is_sign(key)]
    if _CASH in keys:  # a currency alone is no sum
        keys.append(_BESIDE_CASH)
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
    """Of all punctuation only the question mark, the slash and the equals sign are looked at."""
    return any(not word.isalnum() and word not in _SEEN for word in key.words)


@cache
def _looks() -> dict[str, tuple[FirstLook, Language]]:
    return {code: (FirstLook(load(code)), load(code)) for code in LANGUAGES}


_VOTES = _Votes()


@lru_cache(maxsize=1000)
def _first_word(name: str) -> str:
    """The first word of a name, if it is long enough to be told from a word."""
    found = _WORDS.search(skim(name))
    return found.group() if found is not None and len(found.group()) > 1 else "\0"


def language_of(text: str, locale: str) -> Language:
    """The language whose small words occur most; the locale's when in doubt."""
    return load(_elected(sum(map(_VOTES.__getitem__, words_of(text))), locale[:2]))


@lru_cache(maxsize=20_000)
def _elected(votes: int, own: str) -> str:
    own = own.lower()
    best, most = own if own in LANGUAGES else "en", 0
    for place, code in enumerate(LANGUAGES):
        count = (votes >> (place * _VOTE_BITS)) % (1 << _VOTE_BITS) + (_OWN_VOTES if code == own else 0)
        if count > most:
            best, most = code, count
    return best


def words_of(text: str) -> set[str]:
    """The words that the first look sees."""
    return set(_WORDS.findall(skim(text)))


def is_named(words: set[str], others: Sequence[str]) -> bool:
    """Whether somebody of the thread is named."""
    return any(_first_word(name) in words for name in others)


def first_look(text: str, locale: str, others: Sequence[str], likely: int = LIKELY) -> Language | None:
    """The language of the message if it is worth a closer look, else None; likely: what is enough, in hundredths."""
    words = words_of(text)
    look, language = _looks()[_elected(sum(map(_VOTES.__getitem__, words)), locale[:2])]
    return language if look.is_likely(words, likely, named=is_named(words, others)) else None
