"""A message as the grammar sees it: one line of words and number signs that knows where each came from."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from payments.detection.grammar import NAME
from payments.detection.language import Language
from payments.detection.normal import Folded, fold, fold_data
from payments.detection.tokens import Token, lex

MAXIMUM_LENGTH = 2000
_QUOTED = re.compile(
    r"«[^«»]{0,2000}»|“[^“”]{0,2000}”|„[^„“”]{0,2000}[“”]|\"[^\"]{0,2000}\"|```.{0,2000}?```|`[^`\n]{1,500}`", re.DOTALL
)
_CITED = re.compile(r"^>[^\n]*", re.MULTILINE)
_SINGLE_NAME_LENGTH = 2


@dataclass(frozen=True, slots=True)
class Reading:
    """The words of one message in one language."""

    language: Language
    folded: Folded
    tokens: list[Token]
    names: dict[int, str]  # token -> participant
    line: str
    starts: list[int]  # of each token in the line

    def token_at(self, position: int) -> int:
        """The token under a position of the line."""
        return max(0, bisect_right(self.starts, position) - 1)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Original code points behind a stretch of the line."""
        first, last = self.tokens[self.token_at(start)], self.tokens[self.token_at(max(start, end - 2))]
        return self.folded.place(first.start), self.folded.place(max(last.end, first.end) - 1) + 1


def read(text: str, locale: str, others: Sequence[str], language: Language) -> Reading:
    """Fold, lex, spell out, join numbers and name the people."""
    folded = fold(_without_quotes(text[:MAXIMUM_LENGTH]))
    expansion = language.expansion
    tokens: list[Token] = []
    for token in lex(folded.text, locale):
        parts = expansion(token.text)
        if parts is None:
            tokens.append(token)
        else:
            tokens += [token._replace(text=part) for part in parts]
    tokens, names = _named(language.reader.read(tokens), others, language)
    words = [token.text for token in tokens]
    starts = list(accumulate([len(word) + 1 for word in words[:-1]], initial=1)) if words else []
    return Reading(language, folded, tokens, names, " " + " ".join(words) + " ", starts)


def _without_quotes(text: str) -> str:
    """Quoted words and code are somebody else's: blank, so that offsets stay."""
    if '"' in text or "`" in text or "«" in text or "“" in text or "„" in text:
        text = _QUOTED.sub(
            lambda match: (
                match.group()
                if match.group().count(" ") < 2 and match.group()[0] != "`"  # noqa: PLR2004
                else " " * len(match.group())
            ),
            text,
        )
    if ">" in text:
        text = _CITED.sub(lambda match: " " * len(match.group()), text)
    return text


def _named(tokens: list[Token], others: Sequence[str], language: Language) -> tuple[list[Token], dict[int, str]]:
    """Put the sign of a name wherever somebody of the thread is named."""
    parts_of = {
        name: fold_data(name).split()
        for name in others
        if len(name) >= _SINGLE_NAME_LENGTH and fold_data(name) not in language.function_words
    }
    if not parts_of:
        return tokens, {}
    firsts: dict[str, list[tuple[list[str], str]]] = {}
    for name, parts in parts_of.items():
        if parts:
            firsts.setdefault(parts[0], []).append((parts, name))
    out: list[Token] = []
    names: dict[int, str] = {}
    at = 0
    while at < len(tokens):
        found = next(
            (
                (parts, name)
                for parts, name in sorted(firsts.get(tokens[at].text, []), key=lambda pair: -len(pair[0]))
                if [token.text for token in tokens[at : at + len(parts)]] == parts
            ),
            None,
        )
        if found is None:
            out.append(tokens[at])
            at += 1
            continue
        parts, name = found
        if out and out[-1].text == NAME and names[len(out) - 1] == name:
            at += len(parts)
            continue
        names[len(out)] = name
        out.append(tokens[at]._replace(text=NAME, end=tokens[at + len(parts) - 1].end))
        at += len(parts)
    return out, names
