"""Small signs count together, beside a sum and near it."""

from __future__ import annotations

import pytest

from tests.payments.detection.learn import Example, learn
from tests.payments.detection.thread import Told, nothing, read


@pytest.mark.parametrize(
    ("text", "locale", "told"),
    [
        ("je prends lydia, besoin des 30 euros avant ce soir stp", "fr-FR", Told("request_money", 3000, "EUR")),
        ("still need that $40 back before the weekend", "en-US", Told("request_money", 4000, "USD")),
        ("todavía faltan esos 25 euros, recuerda", "es-ES", Told("request_money", 2500, "EUR")),
        ("die 15 Euro fehlen noch, denk dran", "de-DE", Told("request_money", 1500, "EUR")),
    ],
)
def test_several_hints_beside_a_sum_are_a_finding(text: str, locale: str, told: Told) -> None:
    """Break: answer none in `_weak_hit`."""
    assert read(text, locale) == told


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("il faut encore 30 euros à ma sœur avant ce soir", "fr-FR"),
        ("he still needs $40 before the weekend", "en-US"),
        ("todavía cuesta 25 euros", "es-ES"),
        ("die kosten noch 15 Euro", "de-DE"),
    ],
)
def test_hints_of_a_third_party_or_a_price_count_against_it(text: str, locale: str) -> None:
    """Break: take every verdict for a finding, however unlikely."""
    assert read(text, locale) == nothing


@pytest.mark.parametrize(
    ("text", "locale", "told"),
    [
        ("48 passt, überweise ich nach der Arbeit", "de-DE", Told("offer_money", 4800, "EUR")),
        ("Wette verloren, deine 20 kommen", "de-DE", Told("offer_money", 2000, "EUR")),
    ],
)
def test_a_number_that_could_count_something_is_the_sum_where_nothing_else_is(
    text: str, locale: str, told: Told
) -> None:
    """Break: drop `_doubtful` from sums.py."""
    assert read(text, locale) == told


def test_the_weights_are_learnt_from_labelled_messages_alone() -> None:
    """A sign of real chat that no labelled message shows never gets a weight. Break: count the signs of chat too."""
    told = [Example(("always", "owe"), 1), Example(("always", "owe"), 1), Example(("always", "soon"), 0)] * 9
    assert set(learn(told, [Example(("always", "owe", "secret"), 0, 0.4)] * 9)) == {"always", "owe", "soon"}


def test_hints_far_from_the_sum_do_not_count() -> None:
    """Break: weigh the whole line instead of what is near the sums."""
    far = " ".join(["on a bien rigolé hier et la mer était super belle toute la journée"] * 3)
    assert read(f"le pull fait 30 euros {far} pense à moi avant ce soir stp j'attends toujours", "fr-FR") == nothing


@pytest.mark.parametrize(
    ("text", "locale", "told"),
    [
        ("tu me dois dix-neuf euros", "fr-FR", Told("request_money", 1900, "EUR")),
        ("dix-neuf euros quatre-vingt-dix que tu me dois", "fr-FR", Told("request_money", 1990, "EUR")),
        ("me debes 50 mil pesos", "es-CO", Told("request_money", 5_000_000, "COP")),
        ("me debés 3 lucas", "es-AR", Told("request_money", 300_000, "ARS")),
        ("me debes 3 lucas", "es-CL", Told("request_money", 3000, "CLP")),
        ("me debes nueve con setenta", "es-ES", Told("request_money", 970, "EUR")),
        ("you owe me thirteen seventy five", "en-US", Told("request_money", 1375, "USD")),
        ("dein Anteil sind 12,80", "de-DE", Told("request_money", 1280, "EUR")),
        ("mon IBAN pour le virement : FR76 3000 4000 0512 3456 7890 143", "fr-FR", Told("request_money")),
        ("I paid 90 so you owe me half, 45", "en-US", Told("request_money", 4500, "USD")),
    ],
)
def test_sums_as_people_write_them(text: str, locale: str, told: Told) -> None:
    """Break: drop `points`, the cents after any number, the IBAN of the lexer, or `_is_half_told`."""
    assert read(text, locale) == told
