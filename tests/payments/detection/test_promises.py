"""What holds for any text at all."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from payments.detection import ContextMessage, Intent, Message, detect
from tests.payments.detection.thread import message

LOCALES = ["fr-FR", "fr-CH", "en-US", "en-GB", "es-MX", "de-DE", "ar-KW", "", "x", "fr_FR.UTF-8"]
PIECES = [
    "tu",
    "me",
    "dois",
    "20€",
    "€",
    "20",
    "e",
    "4",
    "k",
    "chacun",
    "divise",
    "par",
    "you",
    "owe",
    "bob",
    "split",
    "?",
    "!",
    ",",
    ".",
    "é",
    "e\u0301",
    "💸",
    "\u200d",
    "\ufeff",
    "1 234,50",
    "-",
    "'",
    "\u2019",
    "x",
    "quatre",
    "vingt",
    "dix",
    "hundred",
    "and",
    "y",
    "und",
    "zwei",
    "\n",
    "#",
    "№",
    "¤",
    "@",
    "∅",
    "<#>",
    "½",
    "Ⅷ",
    "٣",
    "²",
    "ß",
    "ﬁ",
    "\x00",
    "\ud800",
]
chat = st.lists(st.sampled_from(PIECES), max_size=40).map(" ".join) | st.text(max_size=300)
few = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@few
@given(text=chat, earlier=st.lists(chat, max_size=3), locale=st.sampled_from(LOCALES))
def test_no_text_raises_and_no_finding_leaves_its_bounds(text: str, earlier: list[str], locale: str) -> None:
    """Break: return spans of the folded text."""
    found = detect(message(text, locale, earlier=earlier))
    assert 0 <= found.confidence <= 1
    assert all(0 <= start < end <= len(text) for start, end in found.spans)
    assert (found.amount_minor is None) == (found.currency is None)
    assert found.amount_minor is None or found.amount_minor > 0
    assert found.shares is None or (found.intent is Intent.SPLIT and 2 <= found.shares <= 200)
    if found.intent is Intent.NONE:
        assert found == detect(Message(""))


@few
@given(minor=st.integers(min_value=500, max_value=99_999_999), style=st.sampled_from(["fr", "en", "de", "ch", "thin"]))
def test_a_formatted_amount_is_read_back(minor: int, style: str) -> None:
    """Break: take every dot for a thousands mark."""
    plain = f"{Decimal(minor) / 100:,.2f}"
    marks = {"fr": ("\u202f", ","), "en": (",", "."), "de": (".", ","), "ch": ("'", "."), "thin": (" ", ",")}[style]
    told = plain.translate(str.maketrans({",": marks[0], ".": marks[1]}))
    found = detect(message(f"tu me dois {told} € depuis lundi", "fr-FR"))
    assert (found.amount_minor, found.currency) == (minor, "EUR")


@few
@given(
    before=st.sampled_from(["", "👩‍👩‍👧 ", "e\u0301t ", "🇫🇷🇫🇷 ", "ﬁn ", "½ "]),
    after=st.sampled_from(["", " 💸", " s\u0327a"]),
)
def test_spans_point_into_the_text_as_it_was_written(before: str, after: str) -> None:
    """Break: drop `places` from Folded."""
    text = f"{before}ok tu me dois 20 € là{after}"
    found = detect(message(text, "fr-FR"))
    told = [text[start:end] for start, end in found.spans]
    assert "20 €" in told
    assert any(part.startswith("tu me dois") for part in told)


@pytest.mark.parametrize(
    "piece",
    [
        "tu me dois ",
        "je te ",
        "20€ et ",
        "me me ",
        "owe me ",
        "1 ",
        "1,1",
        "et ",
        "pas ",
        "à 4 ",
        "vingt ",
        "'",
        '"a ',
        "«",
        "`",
        "> ",
        "a@",
        "🙃",
        "20€ ",
    ],
)
def test_long_repeats_take_no_longer_than_plain_text(piece: str) -> None:
    """Break: nest an unbounded repeat in a gap of the grammar: `(?:(?:[^ .]+ ?)+ )*`."""
    text = (piece * 2000)[:2000]
    started = time.process_time()
    detect(Message(text, (ContextMessage("bob", text),) * 3, "alice", ("alice", "bob"), "fr-FR"))
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    "text",
    [
        'il a écrit "tu me dois 20 euros maintenant"',
        "«\u00a0tu me dois 20€ pour hier\u00a0»",
        "`tu me dois 20€`",
        "> tu me dois 20€\nmdr",
    ],
)
def test_quotes_and_code_are_not_the_senders_words(text: str) -> None:
    """Break: skip reading._without_quotes."""
    assert detect(message(text, "fr-FR")).intent is Intent.NONE


@pytest.mark.parametrize(
    "text",
    [
        "tu me doi 20e stp",
        "TU ME DOIS 20€",
        "tu m\u2019dois 20€",
        "tu me dooois 20€ 😡😡",
        "t'as pas mes 20€ ?",
        "jte doi 20e",
        "tpeu mrendre 20e",
    ],
)
def test_people_type_as_they_like(text: str) -> None:
    assert detect(message(text, "fr-FR")).amount_minor == 2000


def test_ordinary_chat_is_none() -> None:
    told = [
        "on se voit à 20h ?",
        "j'ai 3 examens cette semaine",
        "mdr trop bien",
        "tu peux me passer le sel",
        "je te donne des nouvelles demain",
        "happy birthday!!",
        "can you send me the address",
        "meet you at 5",
        "nos vemos mañana a las 10",
        "bis morgen um 8",
        "ich gebe dir Bescheid",
    ]
    assert [text for text in told if detect(message(text, "fr-FR")).intent is not Intent.NONE] == []


@pytest.mark.parametrize("text", ["m'" * 1000, "l'" * 999 + "eau", "i'll" * 400, "'" * 2000, "j'" * 5 + "te dois 20 €"])
def test_a_word_of_many_apostrophes_is_read_without_going_deep(text: str) -> None:
    """Break: leave out the bound of `_without_apostrophe`: each apostrophe is a level of recursion."""
    detect(Message(text=text, locale="fr"))
    detect(Message(text=text, locale="en"))
