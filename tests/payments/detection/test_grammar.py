"""The notation of the language files."""

from __future__ import annotations

import pytest

from payments.detection.grammar import GrammarError, Index, Lexicon
from payments.detection.language import LANGUAGES, load

LEXICON = Lexicon(
    {"pay": ["paye*", "rends"], "you": ["te", "vous"]}, frozenset({"je", "te"}), {"t": "te", "j": "je"}, "xx"
)


@pytest.mark.parametrize(
    ("phrase", "line", "matches"),
    [
        ("je te {pay}", " je te rends ", True),
        ("je t'{pay}", " je te payerai ", True),
        ("je {you} .. {pay}", " je te tout de suite rends ", True),
        ("je {you} .. {pay}", " je te , rends ", False),
        ("je {you} ... {pay}", " je te , rends ", True),
        ("je {you} ... {pay}", " je te . rends ", False),
        ("je [ne] te", " je ne te ", True),
        ("je (te|vous rends)", " je vous rends ", True),
        ("je !te {you}", " je te ", False),
        ("^ rends", " ok , rends ", True),
        ("^ rends", " ok rends ", False),
        ("rends $", " je rends ! ", True),
        ("rends $", " je rends tout ", False),
        ("^^ rends $$", " 🙃 rends 🙃 ", True),
        ("te {amt}", " te # ", True),
        ("te {cur}", " te # ", False),
        ("rends !", " rends ! ", True),
    ],
)
def test_a_phrase_matches_as_its_notation_says(phrase: str, line: str, *, matches: bool) -> None:
    assert (LEXICON.phrase(phrase).regex.search(line) is not None) is matches


@pytest.mark.parametrize("phrase", ["je (te", "je te)", "{nobody}", "[te]", ".."])
def test_a_phrase_that_cannot_be_read_is_refused_with_its_text(phrase: str) -> None:
    with pytest.raises(GrammarError, match="xx: "):
        LEXICON.phrase(phrase)


def test_a_phrase_is_found_by_the_rarest_of_its_words() -> None:
    """Break: choose the first word instead of the rarest."""
    index = Index()
    index.add(LEXICON.phrase("je te {pay}").key, 1)
    assert index.find({"je", "te"}) == set()
    assert index.find({"payeras"}) == {1}


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_language_file_compiles_and_says_something_of_everything(code: str) -> None:
    kinds = {type(entry).__name__ for entry in load(code).entries}
    assert kinds == {"Guard", "Rule", "Share", "AmountRole", "Payer"}
