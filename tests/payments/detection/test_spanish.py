"""What the detector reads in Spanish, phenomenon by phenomenon (RULES.md 2 to 6)."""

from __future__ import annotations

import pytest

from tests.payments.detection.thread import Told, nothing, read

ASKS = [
    ("me debes 15 euros de la cena", "es-ES", Told("request_money", 1500, "EUR")),
    ("oye cuándo me devuelves los 20€?", "es-ES", Told("request_money", 2000, "EUR")),
    ("aún no me has pagado", "es-ES", Told("request_money")),
    ("hazme un bizum de 12 porfa", "es-ES", Told("request_money", 1200, "EUR")),
    ("me prestas 50 pavos hasta el lunes?", "es-ES", Told("request_money", 5000, "EUR")),
    ("te toca pagar 30€ por el regalo", "es-ES", Told("request_money", 3000, "EUR")),
    ("tu parte son 18 euros", "es-ES", Told("request_money", 1800, "EUR")),
    ("te he cogido el billete, son 9,50€", "es-ES", Told("request_money", 950, "EUR")),
    ("y mi dinero?", "es-ES", Told("request_money")),
    ("no te olvides de pagarme", "es-ES", Told("request_money")),
    ("pásame los cuarenta euros del hotel", "es-ES", Told("request_money", 4000, "EUR")),
    ("te paso mi IBAN", "es-ES", Told("request_money")),
    ("me debes 150 varos", "es-MX", Told("request_money", 15000, "MXN")),
    ("me debés 5.000 pesos", "es-AR", Told("request_money", 500000, "ARS")),
    ("me debes 20 lucas", "es-CL", Told("request_money", 20000, "CLP")),
    ("me debes 20 dólares", "es-US", Told("request_money", 2000, "USD")),
    ("me debes doce euros con cincuenta", "es-ES", Told("request_money", 1250, "EUR")),
    ("me debes unos 20€", "es-ES", Told("request_money", 2000, "EUR")),
    ("me debes entre 20 y 30 euros", "es-ES", Told("request_money")),
    ("me diste 15, quedan 35", "es-ES", Told("request_money", 3500, "EUR")),
    ("te presté 26 euros en marzo, acuérdate", "es-ES", Told("request_money", 2600, "EUR")),
    ("sigues sin devolverme la pasta", "es-ES", Told("request_money")),
    ("Le recordamos que queda pendiente el pago de 75 €", "es-ES", Told("request_money", 7500, "EUR")),
    ("acuérdate de los 30 euros que me debes", "es-ES", Told("request_money", 3000, "EUR")),
    ("bizum de 15 porfa", "es-ES", Told("request_money", 1500, "EUR")),
    ("sigo esperando tu bizum", "es-ES", Told("request_money")),
    ("faltan tus 45€ del alquiler de la furgo", "es-ES", Told("request_money", 4500, "EUR")),
    ("lo tuyo son 12€", "es-ES", Told("request_money", 1200, "EUR")),
    ("cuándo piensas pagarme?", "es-ES", Told("request_money")),
    ("te compré la entrada, son 25 euros", "es-ES", Told("request_money", 2500, "EUR")),
    ("préstame 200 pesos, te los pago el viernes", "es-MX", Told("request_money", 20000, "MXN")),
]
OFFERS = [
    ("te debo 20 euros, no?", "es-ES", Told("offer_money", 2000, "EUR")),
    ("cuánto te debo?", "es-ES", Told("offer_money")),
    ("mañana te hago un bizum de 25", "es-ES", Told("offer_money", 2500, "EUR")),
    ("dime tu número de cuenta y te hago la transferencia", "es-ES", Told("offer_money")),
    ("no puedo devolverte los 60 hasta que cobre", "es-ES", Told("offer_money", 6000, "EUR")),
    ("si quieres te dejo 100€", "es-ES", Told("offer_money", 10000, "EUR")),
    ("paga tú mi entrada y luego te hago bizum", "es-ES", Told("offer_money")),
    ("perdí la apuesta, te debo 20", "es-ES", Told("offer_money", 2000, "EUR")),
    ("20 euros a quien me ayude con la mudanza", "es-ES", Told("offer_money", 2000, "EUR")),
    ("te deposito los 200 pesos mañana", "es-MX", Told("offer_money", 20000, "MXN")),
    ("aquí tienes tus 20 euros", "es-ES", Told("offer_money", 2000, "EUR")),
    ("luego te hago bizum", "es-ES", Told("offer_money")),
    ("a qué número te hago el bizum?", "es-ES", Told("offer_money")),
    ("te ingreso los 35€ mañana sin falta", "es-ES", Told("offer_money", 3500, "EUR")),
    ("qué te debo de la compra?", "es-ES", Told("offer_money")),
    ("cógeme una entrada y te la pago luego", "es-ES", Told("offer_money")),
]
SHARES = [
    ("80 euros entre 4", "es-ES", Told("split_bill", 8000, "EUR", 4)),
    ("han sido 60€ la gasolina, dividimos entre tres?", "es-ES", Told("split_bill", 6000, "EUR", 3)),
    ("vamos a medias con el taxi?", "es-ES", Told("split_bill")),
    ("pagamos a escote?", "es-ES", Told("split_bill")),
    ("son 15€ por cabeza", "es-ES", Told("split_bill", 1500, "EUR")),
    ("20€ cada uno, somos 5", "es-ES", Told("split_bill", 10000, "EUR", 5)),
    ("cada uno paga lo suyo", "es-ES", Told("split_bill")),
    ("ponemos bote para el regalo?", "es-ES", Told("split_bill")),
    ("hacemos cuentas del viaje?", "es-ES", Told("split_bill")),
    ("dividimos la cuenta?", "es-ES", Told("split_bill")),
    ("50 euros, mitad y mitad?", "es-ES", Told("split_bill", 5000, "EUR", 2)),
    ("90€ de cena, somos 6", "es-ES", Told("split_bill", 9000, "EUR", 6)),
    ("lo pagamos entre todos?", "es-ES", Told("split_bill")),
    ("40 euros el taxi, mitad cada uno", "es-ES", Told("split_bill", 4000, "EUR", 2)),
    ("salimos a 20€ por barba", "es-ES", Told("split_bill", 2000, "EUR")),
    ("quién pone para el regalo de Marta?", "es-ES", Told("split_bill")),
]
NOTHING = [
    "me debes una cerveza",
    "no me debes nada",
    "ya te pagué ayer",
    "ya me ha llegado tu bizum, gracias",
    "estamos en paz",
    "hoy invito yo",
    "mi casero me sube el alquiler 50€",
    "debo 300 euros a hacienda",
    "Pedro me debe 30€",
    "el móvil cuesta 900 euros",
    "te apuesto 20€ a que no viene",
    "si me toca la lotería te doy mil euros",
    "me dijo que le debía 50",
    "somos 5 para cenar",
    "quedamos a las 9",
    "gano 1200 al mes",
    "quédate con los 10 euros",
    "me debes una explicación",
    "pásame la sal",
    "mándame las fotos",
    "compartimos postre?",
    "nos dividimos en dos equipos",
    "debe de ser tarde",
    "la entrada está a 12€",
    "me han devuelto el dinero de la compra",
    "olvídate de los 20€",
    "vale",
    "te debo una",
    "mi hermano me debe 20€",
    "ya está pagado, tranquilo",
    "el menú vale 12 euros",
    "pago yo las cañas",
    "cuánto cuesta la entrada?",
    "no te debo nada",
    "dame un beso",
    "he gastado 50 euros en ropa",
    "parte de mí quiere ir",
    "nos vemos en 20 minutos",
    "la cuenta de insta",
    "gracias por el bizum!",
]
IN_CONTEXT = [
    (("me debes 45€ del tren",), "ahora te lo paso", Told("offer_money", 4500, "EUR")),
    (("me debes 45€ del tren",), "ok", nothing),
    (("el hotel son 90€",), "lo dividimos entre 3?", Told("split_bill", 9000, "EUR", 3)),
    (("cuánto te debo?",), "20", Told("request_money", 2000, "EUR")),
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
    assert read(text, "es-ES") == nothing


@pytest.mark.parametrize(("earlier", "text", "told"), IN_CONTEXT)
def test_a_message_is_read_in_its_context(earlier: tuple[str, ...], text: str, told: Told) -> None:
    """Break: let the pending sum of the context reach acknowledgements."""
    assert read(text, "es-ES", earlier=earlier) == told
