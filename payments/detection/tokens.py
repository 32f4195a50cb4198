"""The words, numbers and signs of a message, each with its place."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from payments.detection import currencies
from payments.detection.grammar import BARE, CASH, COUNT, HALVES, NAME, OTHER

_LEXER = re.compile(
    r"""
    [ ]*+(?:
    (?P<plain>[^\W\d_]+(?:'[^\W\d_]+)*)(?=[\ ,?!.]|$)(?!\.\w|\.\ ?\d|[-\ ]fifty\b)
  | (?P<fifty>(?<!\d)50(?:\ ?[/-]\ ?|\ )50(?!\d)|fifty[\ -]?fifty\b)
  | (?P<web>https?://\S+|www\.\S+|[\w.+-]+@[\w-]+\.\w[\w.]*)
  | (?P<blank><\#>|<decimal>)
  | (?P<mask><\w{2,12}>)
  | (?P<face><3+|[:;=]-?3(?!\d))
  | (?P<iban>[a-z]{2}\d{2}(?:\ ?[\da-z]{4}){3,7}(?:\ ?[\da-z]{1,3})?(?!\w))
  | (?P<phone>(?<![\d.,])
      (?:\+?\d{2}(?:[ .-]?\d{2}){4,6}|\+\d[\d ]{7,14}\d|\d{3}[ .-]\d{3}[ .-]\d{4}|\d{7,})
      (?![\d,]|\.\d|\ ?[€$£]))
  | (?P<date>(?<![\d/$€£])(?:\d{1,2}[/.]\d{1,2}[/.]\d{2,4}|\d{1,2}/\d{1,2}|\d{4}-\d\d-\d\d
      |(?:0?[1-9]|[12]\d|3[01])\.(?:0?[1-9]|1[0-2])\.)(?![\d/]))
  | (?P<time>(?<!\d)(?:\d{1,2}(?:\ ?h(?:\ ?\d{2})?(?:\ ?mn|\ ?min)?|:\d{2}|\ ?uhr)
      |(?:0?\d|1[0-2])\ ?(?:am|pm|a\.m|p\.m)\.?)(?![a-z0-9]))
  | (?P<percent>\d+(?:[.,]\d+)?\ ?%)
  | (?P<price>(?<!\d)(?P<whole>\d{1,6})\ ?(?P<by>€|e|£|\$|eur|euros?|f|frs?)\ ?(?P<part>\d{2})(?![\da-z]))
  | (?P<number>(?:\d{1,3}(?:[ ']\d{3})+(?:[.,]\d{1,2})?(?!\d)
              |\d{1,3}(?:\.\d{3})+(?:,\d{1,2})?(?!\d)|\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?(?!\d)
              |\d{1,12}(?:[.,]\d{1,3})?(?!\d)|(?<![\w.,])[.,]\d{2}(?!\d)))
    (?P<dash>[.,][-\u2013\u2014]{1,2})?(?P<suffix>[^\W\d_]+)?(?P<tail>\d\w*)?
  | (?P<dollar>(?:us|ca|c|a|au|nz|hk|s|mx)?\$)
  | (?P<code>eur|usd|gbp|chf|cad|aud|nzd|jpy|sfr|fr|rs|inr|kd|kwd|fcfa|dh|mad|tnd|dt)(?=\.?\d)
  | (?P<word>[^\W\d_]+(?:'[^\W\d_]+)*'?\d*\w*)
  | (?P<dots>\.{2,}|…)
  | (?P<mark>[^\w\s]|_)
  | (?P<line>\n+)
  | (?P<rest>\Z)
    )""",
    re.VERBOSE,
)
_ORDINALS = frozenset({"st", "nd", "rd", "th", "eme", "emes", "er", "ere", "re", "ieme", "de", "ter", "o", "a"})
# Signs of the grammar, when somebody types them, and a sign that is typed as a letter.
_TAKEN = {CASH: "•", BARE: "♯", COUNT: "•", OTHER: "•", NAME: "•", "\u00d7": "x"}
_FIXED = {
    "fifty": HALVES, "iban": "iban", "phone": OTHER, "date": OTHER, "time": OTHER, "percent": OTHER, "blank": BARE,
    "line": ".", "dots": "~", "mask": "♥", "face": "♥", "web": "link",
}  # fmt: skip
_THOUSANDS = 3  # digits in a group, and decimals of a dinar


class Token(NamedTuple):
    """A word, a sign or a number, with its place in the folded text."""

    text: str  # what the grammar sees
    start: int
    end: int
    raw: str | None = None  # the digits of a number
    value: Decimal | None = None
    currency: str | None = None  # a code or a kind of currencies.py
    glued_e: bool = False


def parse_decimal(raw: str, exponent: int) -> Decimal:
    """The number written as raw, for a currency with so many decimals.

    One separator before exactly three digits groups thousands, unless the currency has three decimals.
    """
    text = raw.replace(" ", "").replace("'", "")
    last = max(text.rfind("."), text.rfind(","))
    if last < 0:
        return Decimal(text)
    separator, tail = text[last], text[last + 1 :]
    other = "," if separator == "." else "."
    head = text[:last].replace(other, "")
    lone = len(tail) == _THOUSANDS and other not in text and exponent != _THOUSANDS
    if lone or text.count(separator) > 1:
        return Decimal(head.replace(separator, "") + tail)
    return Decimal((head or "0") + "." + tail)


def lex(text: str, locale: str) -> list[Token]:
    """The tokens of folded text; numbers are not yet told apart."""
    tokens: list[Token] = []
    euro = currencies.local_currency(locale) == "EUR"
    for match in _LEXER.finditer(text):
        kind = match.lastgroup or ""
        start, end = match.span(kind)
        if kind == "plain" or kind == "word":  # noqa: PLR1714 - the quickest
            tokens.append(Token(match[kind], start, end))
        elif kind == "rest":
            continue
        elif match["number"] is not None:
            tokens += _number(match, euro=euro)
        elif match["price"] is not None:
            tokens.append(Token(CASH, start, end, f"{match['whole']}.{match['part']}", None, _between(match["by"])))
        elif kind in _FIXED:
            tokens.append(Token(_FIXED[kind], start, end))
        elif (mark := match[kind]) != "-" or not (text[start - 1 : start].isalpha() and text[end : end + 1].isalpha()):
            # but the hyphen of "file-moi" is none
            tokens.append(Token(_TAKEN.get(mark, mark), start, end))
    return tokens


def _between(sign: str) -> str:
    """The currency of "9€90"."""
    return currencies.SIGNS.get(sign) or (currencies.FRANC if sign.startswith("f") else "EUR")


def _number(match: re.Match[str], *, euro: bool) -> list[Token]:
    start = match.start("number")
    if match["tail"] is not None:  # 2m1, 4x4: SMS spelling or a model name
        return [Token(match.string[start : match.end()], start, match.end())]
    plain = Token(BARE, start, match.end("number"), match["number"])
    if match["dash"]:
        plain = plain._replace(text=CASH, end=match.end("dash"), currency=currencies.LOCAL)
    suffix = match["suffix"]
    if suffix is None:
        return [plain]
    if suffix == "e" and euro:
        return [plain._replace(text=CASH, end=match.end(), currency="EUR", glued_e=True)]
    if suffix in _ORDINALS:
        return [plain._replace(text=OTHER, raw=None, end=match.end())]
    if suffix[0] == "k" and suffix not in currencies.WORDS and (suffix == "k" or suffix[1:] in currencies.WORDS):
        thousands = plain._replace(end=plain.end + 1, raw=None, value=parse_decimal(match["number"], 2) * 1000)
        return [thousands, Token(suffix[1:], plain.end + 1, match.end())] if suffix[1:] else [thousands]
    return [plain, Token(suffix, match.start("suffix"), match.end())]
