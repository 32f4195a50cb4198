"""Every way to write a sum (RULES.md 3 and 4), inside a plain claim so that the sum is all that differs."""

from __future__ import annotations

import pytest

from payments.detection.currencies import decimals
from tests.payments.detection.thread import Told, read

FORMS = [
    (
        "tu me dois {}",
        "fr-FR",
        [
            ("20€", 2000, "EUR"),
            ("20 €", 2000, "EUR"),
            ("€20", 2000, "EUR"),
            ("20e", 2000, "EUR"),
            ("20 euros", 2000, "EUR"),
            ("12,50 €", 1250, "EUR"),
            ("12.50€", 1250, "EUR"),
            ("9€90", 990, "EUR"),
            ("4e60", 460, "EUR"),
            ("7,5€", 750, "EUR"),
            ("1 234,50 €", 123450, "EUR"),
            ("1\u00a0234,50\u00a0€", 123450, "EUR"),
            ("1\u202f234,50\u202f€", 123450, "EUR"),
            ("1.234,50 €", 123450, "EUR"),
            ("1.200€", 120000, "EUR"),
            ("2,5k€", 250000, "EUR"),
            ("4k", 400000, "EUR"),
            ("20", 2000, "EUR"),
            ("vingt euros", 2000, "EUR"),
            ("vingt et un euros", 2100, "EUR"),
            ("soixante-dix euros", 7000, "EUR"),
            ("soixante et onze euros", 7100, "EUR"),
            ("quatre-vingts euros", 8000, "EUR"),
            ("quatre-vingt-dix-neuf balles", 9900, "EUR"),
            ("deux cents euros", 20000, "EUR"),
            ("mille euros", 100000, "EUR"),
            ("mille deux cents euros", 120000, "EUR"),
            ("un euro", 100, "EUR"),
            ("douze euros cinquante", 1250, "EUR"),
            ("3 euros et 50 centimes", 350, "EUR"),
            ("50 centimes", 50, "EUR"),
            ("une centaine d'euros", 10000, "EUR"),
            ("20 balles", 2000, "EUR"),
            ("20 boules", 2000, "EUR"),
            ("20 dollars", 2000, "USD"),
            ("20$", 2000, "USD"),
            ("15 £", 1500, "GBP"),
            ("30 CHF", 3000, "CHF"),
            ("5000 FCFA", 5000, "XOF"),
            ("45,250 KD", 45250, "KWD"),
            ("4500 yens", 4500, "JPY"),
            ("20 euros suisses", 2000, "EUR"),
        ],
    ),
    (
        "tu me dois {}",
        "fr-CH",
        [
            ("65.-", 6500, "CHF"),
            ("65.50", 6550, "CHF"),
            ("1'234.-", 123400, "CHF"),
            ("Fr. 20", 2000, "CHF"),
            ("20 francs", 2000, "CHF"),
            ("septante francs", 7000, "CHF"),
            ("huitante-cinq francs", 8500, "CHF"),
            ("nonante balles", 9000, "CHF"),
        ],
    ),
    ("tu me dois {}", "fr-CA", [("20$", 2000, "CAD"), ("20 piasses", 2000, "CAD"), ("20 dollars US", 2000, "USD")]),
    ("tu me dois {}", "fr-CM", [("10 000 FCFA", 10000, "XAF"), ("5000", 5000, "XAF")]),
    ("tu me dois {}", "fr-TN", [("12,500", 12500, "TND"), ("12.500 dt", 12500, "TND")]),
    (
        "you owe me {}",
        "en-US",
        [
            ("$20", 2000, "USD"),
            ("20 bucks", 2000, "USD"),
            ("$1,234.50", 123450, "USD"),
            ("$.50", 50, "USD"),
            ("1,200", 120000, "USD"),
            ("2k", 200000, "USD"),
            ("2.5k", 250000, "USD"),
            ("two grand", 200000, "USD"),
            ("a hundred bucks", 10000, "USD"),
            ("a hundred and twenty dollars", 12000, "USD"),
            ("forty-five dollars", 4500, "USD"),
            ("twelve fifty", 1250, "USD"),
            ("50 cents", 50, "USD"),
            ("a dollar", 100, "USD"),
            ("€20", 2000, "EUR"),
            ("£20", 2000, "GBP"),
            ("20 quid", 2000, "GBP"),
            ("US$20", 2000, "USD"),
            ("C$20", 2000, "CAD"),
            ("$20 or so", 2000, "USD"),
            ("about 20 bucks", 2000, "USD"),
        ],
    ),
    (
        "you owe me {}",
        "en-GB",
        [
            ("a tenner", 1000, "GBP"),
            ("a fiver", 500, "GBP"),
            ("two tenners", 2000, "GBP"),
            ("20 quid", 2000, "GBP"),
            ("£12.50", 1250, "GBP"),
            ("20", 2000, "GBP"),
            ("80p", 80, "GBP"),
            ("$20", 2000, "USD"),
        ],
    ),
    ("you owe me {}", "en-AU", [("$20", 2000, "AUD"), ("20 bucks", 2000, "AUD")]),
    (
        "you owe me {}",
        "en-IN",
        [("500 rs", 50000, "INR"), ("Rs 500", 50000, "INR"), ("₹500", 50000, "INR"), ("500", 50000, "INR")],
    ),
    ("you owe me {}", "en-JP", [("¥4500", 4500, "JPY"), ("4500 yen", 4500, "JPY"), ("4,500", 4500, "JPY")]),
    ("you owe me {}", "en-KW", [("KD 2.750", 2750, "KWD"), ("2.750", 2750, "KWD")]),
    (
        "me debes {}",
        "es-ES",
        [
            ("20€", 2000, "EUR"),
            ("20 pavos", 2000, "EUR"),
            ("veinte euros", 2000, "EUR"),
            ("treinta y cinco euros", 3500, "EUR"),
            ("cien euros", 10000, "EUR"),
            ("ciento veinte euros", 12000, "EUR"),
            ("quinientos euros", 50000, "EUR"),
            ("mil euros", 100000, "EUR"),
            ("12,50", 1250, "EUR"),
            ("1.234,50 €", 123450, "EUR"),
            ("50 céntimos", 50, "EUR"),
            ("doce euros con cincuenta", 1250, "EUR"),
            ("unos 20 euritos", 2000, "EUR"),
        ],
    ),
    (
        "me debes {}",
        "es-MX",
        [("$120", 12000, "MXN"), ("120 pesos", 12000, "MXN"), ("150 varos", 15000, "MXN"), ("20 dólares", 2000, "MXN")],
    ),
    ("me debes {}", "es-CL", [("20 lucas", 20000, "CLP"), ("$5.000", 5000, "CLP")]),
    (
        "du schuldest mir {}",
        "de-DE",
        [
            ("20€", 2000, "EUR"),
            ("20 Euro", 2000, "EUR"),
            ("12,50", 1250, "EUR"),
            ("1.234,50 €", 123450, "EUR"),
            ("20,- €", 2000, "EUR"),
            ("zwanzig Euro", 2000, "EUR"),
            ("einundzwanzig Euro", 2100, "EUR"),
            ("dreißig Mäuse", 3000, "EUR"),
            ("fünfundvierzig Euro", 4500, "EUR"),
            ("hundert Euro", 10000, "EUR"),
            ("hundertzwanzig Euro", 12000, "EUR"),
            ("vier Euro zwanzig", 420, "EUR"),
            ("vierzwanzig", 420, "EUR"),
            ("nen Zehner", 1000, "EUR"),
            ("zwei Zwanni", 4000, "EUR"),
            ("einen Fuffi", 5000, "EUR"),
            ("50 Cent", 50, "EUR"),
            ("30 Tacken", 3000, "EUR"),
            ("20 Kröten", 2000, "EUR"),
        ],
    ),
    (
        "du schuldest mir {}",
        "de-CH",
        [
            ("65.-", 6500, "CHF"),
            ("65 Franken", 6500, "CHF"),
            ("20 Stutz", 2000, "CHF"),
            ("20 Mäuse", 2000, "CHF"),
            ("1'200.-", 120000, "CHF"),
        ],
    ),
]


@pytest.mark.parametrize(
    ("text", "locale", "minor", "currency"),
    [
        (claim.format(form), locale, minor, currency)
        for claim, locale, forms in FORMS
        for form, minor, currency in forms
    ],
)
def test_a_sum_is_read_however_it_is_written(text: str, locale: str, minor: int, currency: str) -> None:
    assert read(text, locale) == Told("request_money", minor, currency)


@pytest.mark.parametrize(
    ("text", "locale", "minor"),
    [
        ("tu me dois 6€ de bus et 4€ de café", "fr-FR", 1000),
        ("7€ x 3 soirées = 21€ que tu me dois", "fr-FR", 2100),
        ("tu me dois 3 x 7€", "fr-FR", 2100),
        ("tu m'as donné 15 sur les 50, il reste 35€ à me rendre", "fr-FR", 3500),
        ("tu me dois 18, euh non 19", "fr-FR", 1900),
        ("tu me dois la moitié des 60€", "fr-FR", 3000),
        ("tu me dois une vingtaine d'euros", "fr-FR", 2000),
        ("tu me dois environ 20€", "fr-FR", 2000),
        ("it was 60 in total, you owe me half", "en-US", 3000),
        ("you owe me 18, no wait 19", "en-US", 1900),
        ("me debes la mitad de 60€", "es-ES", 3000),
        ("du schuldest mir die Hälfte von 60€", "de-DE", 3000),
    ],
)
def test_of_several_numbers_the_due_one_counts(text: str, locale: str, minor: int) -> None:
    found = read(text, locale)
    assert (found.intent, found.amount_minor) == ("request_money", minor)


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("tu me dois entre 20 et 30€", "fr-FR"),
        ("tu me dois 20 ou 30€", "fr-FR"),
        ("tu me dois 20-30€", "fr-FR"),
        ("you owe me between 20 and 30 bucks", "en-US"),
        ("you owe me 20 or 30 bucks", "en-US"),
        ("me debes entre 20 y 30 euros", "es-ES"),
        ("du schuldest mir zwischen 20 und 30 Euro", "de-DE"),
        ("tu me dois quelques euros", "fr-FR"),
        ("you owe me some cash", "en-US"),
    ],
)
def test_a_range_or_a_vague_sum_is_no_amount(text: str, locale: str) -> None:
    assert read(text, locale) == Told("request_money")


@pytest.mark.parametrize(
    "text",
    [
        "rdv à 16h45",
        "06 12 34 56 78",
        "le 12/05",
        "50%",
        "2m1 à 8h",
        "6né ce soir",
        "chapitre 12",
        "le 20e jour",
        "3-1",
    ],
)
def test_other_numbers_are_no_sums(text: str) -> None:
    """Break: let `_is_ordinal` say no."""
    assert read(f"tu me dois le resto, {text}", "fr-FR").amount_minor is None


def test_the_exponents_of_iso_4217() -> None:
    assert [decimals(code) for code in ("EUR", "JPY", "XOF", "KWD", "TND")] == [2, 0, 0, 3, 3]
