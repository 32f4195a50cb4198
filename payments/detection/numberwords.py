"""Numbers in words: "quatre-vingt-dix-sept", "forty two fifty", "veinticinco", "einundzwanzig"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from payments.detection import currencies
from payments.detection.grammar import BARE, CASH
from payments.detection.tokens import Token

_SEVEN, _TEN, _TWENTY, _HUNDRED = 7, 10, 20, 100
_FOURS, _FOUR_TWENTIES = 4, 80  # quatre-vingts


@dataclass(frozen=True, slots=True)
class NumberWords:
    """What a language file says of numbers and money."""

    values: Mapping[str, int]  # vingt = 20
    multipliers: Mapping[str, int]  # cent = 100
    points: frozenset[str]  # "nueve con setenta y cinco"
    joiners: frozenset[str]  # et, and
    articles: frozenset[str]  # un, a: a number only before a currency
    currencies: Mapping[str, str]
    cents: frozenset[str]
    notes: Mapping[str, int]  # tenner = 10
    note_of: frozenset[str]  # "un billet de 10"
    partitives: frozenset[str]  # "une vingtaine d'euros"
    before_count: frozenset[str]
    before_money: frozenset[str]
    owed_before: frozenset[str]
    countables: frozenset[str]  # what people owe each other besides money
    after_money: frozenset[str]
    nouns: frozenset[str]  # vingtaine, after an article
    ordinal_before: frozenset[str]
    each: frozenset[tuple[str, ...]]  # "chacun", "per head"

    def begins(self, word: str) -> bool:
        """Whether a word begins a number by itself."""
        return (word in self.values and word not in self.articles) or word in self.multipliers or word in self.notes


class SpelledOut:
    """Reads number words."""

    def __init__(self, words: NumberWords) -> None:
        self._words = words
        self._currencies = {**currencies.WORDS, **words.currencies}
        self._words_of_numbers = frozenset(words.values) | set(words.multipliers) | set(words.notes) | words.articles

    def read(self, tokens: list[Token]) -> list[Token]:
        """The tokens with number words as numbers."""
        words = self._words
        if self._words_of_numbers.isdisjoint([token.text for token in tokens]):
            return tokens
        out: list[Token] = []
        at = 0
        while at < len(tokens):
            token = tokens[at]
            following = tokens[at + 1].text if at + 1 < len(tokens) else ""
            if token.text in words.multipliers and token.text not in words.cents and out and out[-1].raw is not None:
                out.append(token)  # "50 mil": the digits take it
                at += 1
            elif words.begins(token.text):
                number, at = self._number(tokens, at)
                out.append(number)
            elif token.text in words.articles and (words.begins(following) or following in words.nouns):
                number, at = self._number(tokens, at + 1)  # "a hundred", "une vingtaine"
                out.append(number._replace(start=token.start))
            else:
                one = token.text in words.articles and len(following) > 1 and following in self._currencies
                out.append(token._replace(text=BARE, value=Decimal(1)) if one else token)
                at += 1
        return out

    def _number(self, tokens: list[Token], at: int) -> tuple[Token, int]:
        words, first = self._words, at
        total = current = 0
        seen = False
        while at < len(tokens):
            text = tokens[at].text
            if seen and self._goes_on(tokens, at, current):
                at += 1
                continue
            if text in words.notes:
                value = Decimal((total + current if seen else 1) * words.notes[text])
                return Token(CASH, tokens[first].start, tokens[at].end, None, value, currencies.LOCAL), at + 1
            if text in words.multipliers:
                total, current = _multiplied(total, current, words.multipliers[text])
            elif text in words.values and (added := self._added(current, text, seen=seen)) is not None:
                current = added
            else:
                break
            seen = True
            at += 1
        token = Token(BARE, tokens[first].start, tokens[at - 1].end, None, Decimal(total + current))
        if at < len(tokens) and 0 < total + current < _HUNDRED and tokens[at].text in words.values:
            cents, after = self._number(tokens, at)  # "vier fünfzig": a price without its currency
            if cents.text == BARE and cents.value is not None and _TEN < cents.value < _HUNDRED:
                return token._replace(end=cents.end, value=Decimal(total + current) + cents.value / _HUNDRED), after
        if at + 1 < len(tokens) and tokens[at].text in words.points and words.begins(tokens[at + 1].text):
            part, after = self._number(tokens, at + 1)
            if part.text == BARE and part.value is not None and part.value < _HUNDRED:
                share = part.value / (_HUNDRED if part.value >= _TEN else _TEN)
                return token._replace(end=part.end, value=Decimal(total + current) + share), after
        return token, at

    def _goes_on(self, tokens: list[Token], at: int, current: int) -> bool:
        """Whether a joiner or a hyphen stands between two parts of one number."""
        if at + 1 >= len(tokens):
            return False
        value = self._words.values.get(tokens[at + 1].text)
        if value is None:
            return False
        return tokens[at].text == "-" or (
            tokens[at].text in self._words.joiners and value < _HUNDRED and _adds(current, value)
        )

    def _added(self, current: int, word: str, *, seen: bool) -> int | None:
        value = self._words.values[word]
        if seen and value == _TWENTY and current % _HUNDRED == _FOURS and word.startswith("vingt"):
            return current - _FOURS + _FOUR_TWENTIES
        return current + value if not seen or _adds(current, value) else None


def _multiplied(total: int, current: int, factor: int) -> tuple[int, int]:
    if factor == _HUNDRED:
        return total, max(current, 1) * _HUNDRED
    return (total + max(current, 1)) * factor, 0


def _adds(current: int, value: int) -> bool:
    """Whether value can go on a number that stands at current: 20 + 5, 60 + 14, 300 + 40."""
    if current == 0:
        return True
    if value < _TEN:
        return current % _TEN == 0 and (current % _HUNDRED != _TEN or value >= _SEVEN)  # dix-sept
    if value < _TWENTY:
        return current % _HUNDRED in (0, 60, 80)
    return current % _HUNDRED == 0
