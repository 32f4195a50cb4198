"""What the detector reads in German, phenomenon by phenomenon (RULES.md 2 to 6)."""

from __future__ import annotations

import pytest

from tests.payments.detection.thread import Told, nothing, read

ASKS = [
    ("du schuldest mir noch 15 Euro", "de-DE", Told("request_money", 1500, "EUR")),
    ("wann krieg ich meine 20€ zurück?", "de-DE", Told("request_money", 2000, "EUR")),
    ("du hast mir das Geld immer noch nicht gegeben", "de-DE", Told("request_money")),
    ("schick mir bitte 12€ per PayPal", "de-DE", Told("request_money", 1200, "EUR")),
    ("kannst du mir 50 Euro leihen?", "de-DE", Told("request_money", 5000, "EUR")),
    ("dein Anteil sind 18€", "de-DE", Told("request_money", 1800, "EUR")),
    ("hab dein Ticket mitbezahlt, 9,50€", "de-DE", Told("request_money", 950, "EUR")),
    ("wo bleibt mein Geld?", "de-DE", Told("request_money")),
    ("vergiss nicht mir das Geld zu überweisen", "de-DE", Told("request_money")),
    ("überweis mir mal die vierzig Euro fürs Hotel", "de-DE", Told("request_money", 4000, "EUR")),
    ("hier meine IBAN", "de-DE", Told("request_money")),
    ("ich bekomme noch 25 Euro von dir", "de-DE", Told("request_money", 2500, "EUR")),
    ("gib mir mal die 30 Euro wieder", "de-DE", Told("request_money", 3000, "EUR")),
    ("du schuldest mir 65 Franken", "de-CH", Told("request_money", 6500, "CHF")),
    ("twint mir bitte 20 Stutz", "de-CH", Told("request_money", 2000, "CHF")),
    ("du schuldest mir noch 65.-", "de-CH", Told("request_money", 6500, "CHF")),
    ("du schuldest mir nen Zwanni", "de-DE", Told("request_money", 2000, "EUR")),
    ("kannst mir nen Fuffi leihen?", "de-DE", Told("request_money", 5000, "EUR")),
    ("du schuldest mir einunddreißig, nein dreißig Euro", "de-DE", Told("request_money", 3000, "EUR")),
    ("du schuldest mir zwischen 20 und 30 Euro", "de-DE", Told("request_money")),
    ("von den 50 hast du 15 gezahlt, bleiben noch 35", "de-DE", Told("request_money", 3500, "EUR")),
    ("Sie schulden mir noch 1.234,50 €", "de-DE", Told("request_money", 123450, "EUR")),
    ("Wir bitten um Überweisung des offenen Betrags von 75 €", "de-DE", Told("request_money", 7500, "EUR")),
    ("denk an die 30 Euro die du mir schuldest", "de-DE", Told("request_money", 3000, "EUR")),
    ("krieg ich noch 15€ von dir fürs Essen", "de-DE", Told("request_money", 1500, "EUR")),
    ("wann zahlst du mir das zurück?", "de-DE", Told("request_money")),
    ("kannst du mir die 45€ bitte überweisen?", "de-DE", Told("request_money", 4500, "EUR")),
    ("hast du mein Geld?", "de-DE", Told("request_money")),
    ("für dich sind es 12€", "de-DE", Told("request_money", 1200, "EUR")),
    ("hab dir die Karte für 25 Euro gekauft", "de-DE", Told("request_money", 2500, "EUR")),
    ("pump mir mal 20 Euro", "de-DE", Told("request_money", 2000, "EUR")),
    ("ich warte immer noch auf deine Überweisung", "de-DE", Told("request_money")),
]
OFFERS = [
    ("ich schulde dir noch 20 Euro oder?", "de-DE", Told("offer_money", 2000, "EUR")),
    ("was schulde ich dir?", "de-DE", Told("offer_money")),
    ("ich überweise dir morgen die 25€", "de-DE", Told("offer_money", 2500, "EUR")),
    ("schick mir mal deine IBAN", "de-DE", Told("offer_money")),
    ("die 60 Euro kann ich dir erst nächste Woche geben", "de-DE", Told("offer_money", 6000, "EUR")),
    ("ich kann dir 100 Euro leihen", "de-DE", Told("offer_money", 10000, "EUR")),
    ("zahl du meine Karte, ich geb dir das Geld später", "de-DE", Told("offer_money")),
    ("Wette verloren, du kriegst 20 Euro von mir", "de-DE", Told("offer_money", 2000, "EUR")),
    ("ich geb dir das Geld morgen zurück", "de-DE", Told("offer_money")),
    ("ich schulde dir vier Euro zwanzig", "de-DE", Told("offer_money", 420, "EUR")),
    ("Den Restbetrag von 180 € überweisen wir Ihnen am 3. des Monats", "de-DE", Told("offer_money", 18000, "EUR")),
    ("hier sind deine 20 Euro", "de-DE", Told("offer_money", 2000, "EUR")),
    ("ich zahl dir das morgen zurück", "de-DE", Told("offer_money")),
    ("schick dir die 35€ heute Abend", "de-DE", Told("offer_money", 3500, "EUR")),
    ("was kriegst du von mir?", "de-DE", Told("offer_money")),
    ("sorry, hab vergessen dir das Geld zu überweisen", "de-DE", Told("offer_money")),
    ("leg du aus, ich überweis es dir dann", "de-DE", Told("offer_money")),
    ("du hast gewonnen, hier deine 10 Euro", "de-DE", Told("offer_money", 1000, "EUR")),
]
SHARES = [
    ("80 Euro durch 4", "de-DE", Told("split_bill", 8000, "EUR", 4)),
    ("Sprit war 60€, teilen wir durch drei?", "de-DE", Told("split_bill", 6000, "EUR", 3)),
    ("teilen wir uns das Taxi?", "de-DE", Told("split_bill")),
    ("machen wir halbe halbe beim Geschenk?", "de-DE", Told("split_bill", None, None, 2)),
    ("macht 15€ pro Kopf", "de-DE", Told("split_bill", 1500, "EUR")),
    ("20€ pro Person, wir sind 5", "de-DE", Told("split_bill", 10000, "EUR", 5)),
    ("jeder zahlt seins", "de-DE", Told("split_bill")),
    ("legen wir zusammen für das Geschenk?", "de-DE", Told("split_bill")),
    ("wer hat was bezahlt? lass mal abrechnen", "de-DE", Told("split_bill")),
    ("45 Euro das Essen, fifty-fifty?", "de-DE", Told("split_bill", 4500, "EUR", 2)),
    ("Hütte kostet 90€, wir sind zu sechst", "de-DE", Told("split_bill", 9000, "EUR", 6)),
    ("90€ durch 6 Leute", "de-DE", Told("split_bill", 9000, "EUR", 6)),
    ("sollen wir die Rechnung teilen?", "de-DE", Told("split_bill")),
    ("Taxi 40 Euro, jeder die Hälfte", "de-DE", Told("split_bill", 4000, "EUR", 2)),
    ("20 Euro pro Nase", "de-DE", Told("split_bill", 2000, "EUR")),
    ("wer beteiligt sich am Geschenk?", "de-DE", Told("split_bill")),
]
NOTHING = [
    "du schuldest mir ein Bier",
    "du schuldest mir nichts",
    "hab ich dir schon überwiesen",
    "Geld ist angekommen, danke",
    "wir sind quitt",
    "geht auf mich heute",
    "mein Vermieter will 500 Euro mehr",
    "ich muss dem Finanzamt 300€ nachzahlen",
    "Paul schuldet mir 30€",
    "das Handy kostet 900 Euro",
    "ich wette 20 Euro dass er nicht kommt",
    "wenn ich im Lotto gewinne geb ich dir 1000 Euro",
    "er meinte du schuldest ihm 50 Euro",
    "wir sind zu fünft",
    "um 8 am Bahnhof",
    "ich verdiene 15 Euro die Stunde",
    "behalt den Rest",
    "du schuldest mir eine Erklärung",
    "gib mir 5 Minuten",
    "schick mir die Fotos",
    "teilen wir uns eine Pizza?",
    "wir teilen uns in zwei Gruppen auf",
    "ist nicht meine Schuld",
    "vergiss die 20 Euro",
    "ok",
    "hast du meine Überweisung bekommen?",
    "leihst du mir dein Fahrrad?",
    "ich schulde dir was",
    "mein Bruder schuldet mir 20 Euro",
    "ist schon bezahlt",
    "das Menü kostet 12 Euro",
    "ich lade dich ein",
    "was kostet der Eintritt?",
    "gib mir mal das Salz",
    "hab 50 Euro für Klamotten ausgegeben",
    "in 20 Minuten bin ich da",
    "teil mal den Link",
    "danke fürs Geld!",
    "wer zahlt schafft an",
]
IN_CONTEXT = [
    (("du schuldest mir 45€ fürs Bahnticket",), "überweise ich dir gleich", Told("offer_money", 4500, "EUR")),
    (("du schuldest mir 45€ fürs Bahnticket",), "ok", nothing),
    (("Hotel sind 90€",), "teilen wir durch 3?", Told("split_bill", 9000, "EUR", 3)),
    (("was schulde ich dir?",), "20", Told("request_money", 2000, "EUR")),
]


@pytest.mark.parametrize(("text", "locale", "told"), ASKS)
def test_a_message_that_asks_for_money(text: str, locale: str, told: Told) -> None:
    assert read(text, locale) == told


@pytest.mark.parametrize(("text", "locale", "told"), OFFERS)
def test_a_message_that_offers_money(text: str, locale: str, told: Told) -> None:
    assert read(text, locale) == told


@pytest.mark.parametrize(("text", "locale", "told"), SHARES)
def test_a_message_that_shares_a_cost(text: str, locale: str, told: Told) -> None:
    assert read(text, locale) == told


@pytest.mark.parametrize("text", NOTHING)
def test_a_message_that_is_no_payment_talk(text: str) -> None:
    """Break: drop the `none` block of the language that names it."""
    assert read(text, "de-DE") == nothing


@pytest.mark.parametrize(("earlier", "text", "told"), IN_CONTEXT)
def test_a_message_is_read_in_its_context(earlier: tuple[str, ...], text: str, told: Told) -> None:
    """Break: let the pending sum of the context reach acknowledgements."""
    assert read(text, "de-DE", earlier=earlier) == told
