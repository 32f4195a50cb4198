"""Where the parts of the reading disagree: a number with its surroundings, a phrase with all the words of the message."""

from __future__ import annotations

import pytest

from payments.detection import firstlook
from payments.detection.firstlook import first_look
from tests.payments.detection.learn import Example, first_look_table
from tests.payments.detection.thread import Told, nothing, read


@pytest.mark.parametrize(
    ("text", "locale", "told"),
    [
        ("Kindly settle the amount due of $75.00.", "en-US", Told("request_money", 7500, "USD")),  # no date
        ("ich geb dir die 30 am Freitag", "de-DE", Told("offer_money", 3000, "EUR")),  # no time
        ("prête-moi 150 jusqu'au 5", "fr-FR", Told("request_money", 15000, "EUR")),  # a day
        ("ça revient à 25 chacun avec le train", "fr-FR", Told("split_bill", 2500, "EUR")),
        ("le cadeau à 96 divisé par 6, ça fait 16", "fr-FR", Told("split_bill", 9600, "EUR", 6)),
        ("15 € × 4 pour la cagnotte", "fr-FR", Told("split_bill", 6000, "EUR", 4)),  # noqa: RUF001 - as people type it
        ("15 per person times 5", "en-US", Told("split_bill", 7500, "USD", 5)),
        ("100 balles le plein, on fait 50 50", "fr-FR", Told("split_bill", 10000, "EUR", 2)),
        ("hotel 66, your half please", "en-US", Told("request_money", 3300, "USD")),
        ("14.25 for your half of the pizza", "en-US", Told("request_money", 1425, "USD")),
    ],
)
def test_a_number_is_what_its_surroundings_make_of_it(text: str, locale: str, told: Told) -> None:
    """Break: read "30 am" as a time; drop `_is_per_head`; drop the multiplied total of a split."""
    assert read(text, locale) == told


@pytest.mark.parametrize(
    ("text", "locale", "told"),
    [
        ("20 for the ticket plus 13 for parking and we're square", "en-US", Told("request_money", 3300, "USD")),
        ("hast gewonnen, 5 Euro für dich", "de-DE", Told("offer_money", 500, "EUR")),
    ],
)
def test_all_words_together_overrule_a_phrase_that_they_clearly_contradict(text: str, locale: str, told: Told) -> None:
    """Break: let the phrase decide, whatever `weigh` says."""
    assert read(text, locale) == told


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("si tu me bats je t'offre 10 euros", "fr-FR"),
        ("if you beat me i'll give you 10 bucks", "en-US"),
        ("si me ganas te doy 10 euros", "es-ES"),
        ("wenn du mich schlägst kriegst du 10 Euro", "de-DE"),
        ("no need to give me the 3 bucks", "en-US"),
        ("Hi i m selling new yr cookies. $15 each u interested?", "en-SG"),
        ("Ya <#>", "en-SG"),
    ],
)
def test_bets_that_nobody_lost_sales_and_blanks_are_no_payment_talk(text: str, locale: str) -> None:
    """Break: take `hypothesis` and `sale` out of the language files; count what an anonymiser took out as a number."""
    assert read(text, locale) == nothing


def test_the_first_look_gives_a_doubtful_message_a_second_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Break: ask `may_match` of no message."""
    text, much = "you owe me 20 bucks", 10**6
    assert first_look(text, "en-GB", ["bob"], likely=much) is not None
    monkeypatch.setattr(firstlook, "_DOUBTFUL", much)
    assert first_look(text, "en-GB", ["bob"], likely=much) is None


def test_the_first_look_tells_words_beside_a_number_from_words_alone() -> None:
    """Break: learn one weight a word."""
    told = [Example(("with send", "with always"), 1), Example(("without send", "without always"), 0)] * 9
    table = first_look_table(told, [])
    assert table["send"][1] > 0 > table["send"][0]
