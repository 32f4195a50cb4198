"""The numbers of a message: which are money, in which currency, and which count something else. A grammar, no model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from payments.detection import currencies
from payments.detection.grammar import BARE, CASH, COUNT, OTHER
from payments.detection.numberwords import NumberWords, SpelledOut
from payments.detection.tokens import Token, parse_decimal

_HAS_CENTS = re.compile(r"[.,]\d\d$")
_SMALL = 4
_SHORT = 4  # letters: "me", "uns", "noch"
_YEARS = range(1900, 2100)
_CENTS = 100
_LEAST_CENTS = 5  # "20 euros 3" is no price
_MAXIMUM = Decimal(10) ** 12
_READ = frozenset({BARE, CASH})


class Reader:
    """Reads the numbers of one language."""

    def __init__(self, words: NumberWords) -> None:
        self._words = words
        self._spelled_out = SpelledOut(words)
        self._currencies = {**currencies.WORDS, **words.currencies}

    def counts(self, word: str) -> bool:
        """Whether a word is or holds a number."""
        words = self._words
        spelled = word in words.values or word in words.multipliers or word in words.notes
        return spelled or any(character.isdigit() for character in word)

    def is_article(self, word: str) -> bool:
        """Whether a word is a number only before a currency: "un", "a"."""
        return word in self._words.articles

    def is_money(self, word: str) -> bool:
        """Whether a word may give a number its currency."""
        words = self._words
        return word in self._currencies or word in words.notes or word in words.cents or word in currencies.BEFORE

    def may_be_sum(self, tokens: Sequence[Token], at: int) -> bool:
        """Whether a number that was taken for a count may be a sum where money is spoken of."""
        words, number = self._words, tokens[at]
        if not is_known(number) or _is_little_or_a_year(number):
            return False
        before = tokens[at - 1].text if at else ""
        after = tokens[at + 1].text if at + 1 < len(tokens) else ""
        both = f"{tokens[at - 2].text} {before}" if at > 1 else ""
        if before in words.before_count or both in words.before_count or before in {"-", "♯", "nr", "no"}:
            return False
        return after not in words.countables and after not in {"x", "*", "/", "-", ":"} and not _is_plural(after)

    def read(self, tokens: list[Token]) -> list[Token]:
        """The tokens with number words read, currencies joined and counts told from sums."""
        tokens = self._spelled_out.read(tokens)
        return self._told_apart(self._joined(tokens)) if any(token.text in _READ for token in tokens) else tokens

    # Currencies

    def _joined(self, tokens: list[Token]) -> list[Token]:
        out: list[Token] = []
        at = 0
        while at < len(tokens):
            token = tokens[at]
            text = token.text
            before = text in currencies.SIGNS or text in currencies.BEFORE
            if before and (number := self._number_after_currency(tokens, at)) is not None:
                joined, at = self._number(tokens, number, out)
                kind = currencies.SIGNS.get(token.text) or currencies.BEFORE[token.text]
                out.append(joined._replace(text=CASH, start=token.start, currency=joined.currency or kind))
            elif text == BARE:
                joined, at = self._number(tokens, at, out)
                out.append(joined)
            else:
                out.append(token)
                at += 1
        return out

    def _number_after_currency(self, tokens: list[Token], at: int) -> int | None:
        """Where the number of "$20", "CHF 20" or "Fr. 20" stands."""
        text = tokens[at].text
        place = at + 1
        if place < len(tokens) and tokens[place].text == "." and text in currencies.BEFORE:
            place += 1
        return place if place < len(tokens) and tokens[place].text == BARE else None

    def _number(self, tokens: list[Token], at: int, before: list[Token]) -> tuple[Token, int]:
        """The number at this place with what belongs to it, and the place after it."""
        words = self._words
        number = tokens[at]
        at += 1
        if at < len(tokens) and self._is_unit(number, tokens[at]):
            return number._replace(text=OTHER, raw=None, end=tokens[at].end), at + 1
        while at < len(tokens) and number.raw is not None and (factor := self._factor(tokens[at].text)):
            number = number._replace(raw=None, value=value_of(number) * factor, end=tokens[at].end)
            at += 1
        text = tokens[at].text if at < len(tokens) else ""
        if text in words.notes and number.raw is not None:  # "2 Zehner"
            value = value_of(number) * words.notes[text]
            return number._replace(
                text=CASH, raw=None, value=value, currency=currencies.LOCAL, end=tokens[at].end
            ), at + 1
        if text in words.cents and is_known(number) and (len(text) > 1 or tokens[at].start == number.end):
            value = value_of(number) / _CENTS
            return number._replace(
                text=CASH, raw=None, value=value, currency=currencies.LOCAL, end=tokens[at].end
            ), at + 1
        if len(before) > 1 and before[-2].text in words.note_of and before[-1].text in words.partitives:
            number = number._replace(text=CASH, currency=currencies.LOCAL)  # "un billet de 10"
        if at < len(tokens) and (found := self._currency(tokens, at)) is not None:
            kind, width = found
            if kind.startswith("1000"):  # lucas
                number = number._replace(raw=None, value=value_of(number) * 1000)
                kind = kind[4:]
            number = number._replace(text=CASH, currency=kind, end=tokens[at + width - 1].end)
            return self._with_cents(tokens, at + width, number)
        return number, at

    def _factor(self, word: str) -> int:
        """What a word after a number multiplies it by: "200 mil", "2 k"."""
        return 1000 if word == "k" else 0 if word in self._words.cents else self._words.multipliers.get(word, 0)

    def _currency(self, tokens: list[Token], at: int) -> tuple[str, int] | None:
        """The currency written at this place and how many tokens it takes."""
        text = tokens[at].text
        following = tokens[at + 1].text if at + 1 < len(tokens) else ""
        if (text, following) in currencies.PAIRS:
            return currencies.PAIRS[text, following], 2
        kind = currencies.SIGNS.get(text) or self._currencies.get(text)
        if kind is not None:
            return kind, 1
        if text in self._words.partitives and following in self._currencies:
            return self._currencies[following], 2
        return None

    def _is_unit(self, number: Token, following: Token) -> bool:
        """Letters that stick to digits and are no currency: "3g", "20min", "5kg"."""
        text, words = following.text, self._words
        if number.raw is None or following.start != number.end or not text.isalpha() or text in {"x", "k"}:
            return False
        if text in words.multipliers:
            return False
        return text not in self._currencies and text not in words.cents and text not in words.notes

    def _with_cents(self, tokens: list[Token], at: int, number: Token) -> tuple[Token, int]:
        """The sum of "douze euros cinquante" or "5 euros et 30 centimes"."""
        words = self._words
        joined = at < len(tokens) and tokens[at].text in words.joiners
        place = at + joined
        if place >= len(tokens) or tokens[place].text != BARE or not is_known(tokens[place]):
            return number, at
        cents = tokens[place]
        after = tokens[place + 1].text if place + 1 < len(tokens) else ""
        value = value_of(cents)
        if not 0 < value < _CENTS or value != value.to_integral_value():
            return number, at
        named = after in words.cents
        close = cents.value is not None if joined else cents.start - number.end <= 1
        ends = not after.isalpha() or after in words.after_money
        if named or (close and ends and value >= _LEAST_CENTS and after not in self._currencies):
            last = place + named
            return number._replace(raw=None, value=value_of(number) + value / _CENTS, end=tokens[last].end), last + 1
        return number, at

    # Counts

    def _told_apart(self, tokens: list[Token]) -> list[Token]:
        out: list[Token] = []
        for at, token in enumerate(tokens):
            if token.text not in _READ:
                out.append(token)
                continue
            after = tokens[at + 1].text if at + 1 < len(tokens) else ""
            if (token.text == BARE and not self._is_per_head(tokens, at) and self._counts(token, out, after)) or (
                token.glued_e and self._is_ordinal(out, after)
            ):
                out.append(token._replace(text=COUNT, currency=None))
            else:
                out.append(token)
        return out

    def _is_per_head(self, tokens: Sequence[Token], at: int) -> bool:
        """Whether a number is what each pays: "on est à 25 chacun"."""
        each, after = self._words.each, tuple(token.text for token in tokens[at + 1 : at + 3])
        return (after[:1] in each or after in each) and not _is_little_or_a_year(tokens[at])

    def _is_ordinal(self, before: Sequence[Token], after: str) -> bool:
        """Whether a glued e makes an ordinal: "le 20e épisode", not "les 20e du bowling"."""
        words = self._words
        follows = after.isalpha() and after not in words.after_money
        return follows or bool(before and before[-1].text in words.ordinal_before)

    def _counts(self, token: Token, out: Sequence[Token], after: str) -> bool:
        """Whether a bare number counts things, people, hours or years, and is no sum."""
        words = self._words
        before = out[-1].text if out else ""
        thing = after.isalpha() and after not in words.after_money  # "5 kois"
        if not is_known(token):  # an anonymiser took it out
            return before not in words.before_money or thing
        if before == "-" and len(out) > 1 and out[-2].end == out[-1].start:
            return True  # "bob-12"
        if (before not in words.owed_before and _is_little_or_a_year(token)) or before in {"♯", "nr", "no"}:
            return True
        if after in {"x", "*"} or (before in words.before_money and not after.isalpha()):
            return False
        if after.isalpha() and (thing or self._is_owed(out)):  # "you owe me 20 innit"
            return after in words.countables or (thing and _is_plural(after)) or not self._is_owed(out)
        cents = token.raw is not None and _HAS_CENTS.search(token.raw) is not None  # "dein Anteil sind 12,80"
        both = f"{out[-2].text} {before}" if len(out) > 1 else ""  # "on était 15", not "c'était 15"
        return not cents and (before in words.before_count or both in words.before_count)

    def _is_owed(self, before: Sequence[Token]) -> bool:
        """Whether what stands just before says that this is owed."""
        owed = self._words.owed_before
        if not before:
            return False
        last = before[-1].text
        return last in owed or (len(before) > 1 and before[-2].text in owed and len(last) <= _SHORT)


def _is_little_or_a_year(number: Token) -> bool:
    value = value_of(number)
    little = 0 < value <= _SMALL or (number.raw is not None and value in _YEARS)
    return little and value == value.to_integral_value()


def _is_plural(word: str) -> bool:
    return len(word) > _SHORT and word[-1] == "s" and word.isalpha()


def is_known(number: Token) -> bool:
    """Whether the digits are there: anonymised texts have blanks."""
    return number.raw is not None or number.value is not None


def value_of(number: Token) -> Decimal:
    """The number, read with two decimals."""
    return number.value if number.value is not None else parse_decimal(number.raw or "0", 2)


def amount_of(token: Token, locale: str) -> tuple[int, str] | None:
    """Minor units and currency of an amount; None when it cannot be one."""
    code = currencies.resolve(token.currency or currencies.LOCAL, locale)
    exponent = currencies.decimals(code)
    if not is_known(token):
        return None
    value = token.value if token.value is not None else parse_decimal(token.raw or "0", exponent)
    if not 0 < value < _MAXIMUM:
        return None
    return int((value * 10**exponent).to_integral_value(ROUND_HALF_UP)), code
