"""Looking for payment talk, against splitting the same messages into words and nothing else; on one core.

The mix is one chat: of 40 messages one is about money between its people. Its own words: real chat may not be kept here.
"""

import re
import time
from collections.abc import Callable

from payments.detection import Message, detect
from tests.bench.measuring import HotPath

_ROUNDS = 40
_CHAT = {
    "fr-FR": [
        "ok ça marche", "t'es où ?", "j'arrive dans 10 min", "mdr t'es sérieux là", "on mange quoi ce soir finalement ?",
        "j'ai trop mal dormi, le voisin a mis de la musique jusqu'à 3h", "tu peux prendre du pain en rentrant stp",
        "bon courage pour ton exam demain !! tu vas tout déchirer", "je te rappelle plus tard je suis en réunion",
        "non mais laisse tomber il est jamais à l'heure celui-là", "merci pour hier c'était super sympa bisous",
        "tu as vu le dernier épisode ? je veux pas être spoilée", "les 20 euros de vendredi tu me les rends quand ?",
    ],
    "en-GB": [
        "haha yeah", "omg no way", "where are you guys", "running late sorry, be there in 20",
        "did you see what she posted last night", "can you send me the notes from today's lecture please",
        "i'm so tired i could sleep for a week honestly", "happy birthday!! hope you have the best day",
        "what time does the train leave again? i think it was 7:45", "let me know when you get home safe",
        "i can't believe the match last night, what a goal", "you still owe me 15 quid for the taxi",
    ],
    "es-ES": [
        "jajaja vale", "dónde quedamos al final?", "llego en cinco minutos", "qué tal te ha ido el examen",
        "mándame la foto de ayer porfa que salimos todos", "mañana no puedo que tengo médico por la tarde",
        "buenas noches, descansa", "has visto lo que ha dicho en la tele? no me lo puedo creer",
        "yo llevo la tortilla y vosotros las bebidas", "te hago un bizum de 12 euros por la cena",
    ],
    "de-DE": [
        "alles klar", "wann kommst du heute nach Hause?", "bin gleich da", "haha genau das hab ich auch gedacht",
        "kannst du mir bitte die Adresse schicken", "das Wetter soll morgen richtig schön werden",
        "hast du schon gegessen? ich würde sonst was kochen", "ich hab den Zug verpasst, der nächste fährt um 18:32",
        "gute Besserung und schlaf gut", "teilen wir die 48 Euro fürs Taxi?",
    ],
}  # fmt: skip
MESSAGES = [Message(text, (), "a", ("a", "b"), locale) for locale, texts in _CHAT.items() for text in texts] + [
    Message(text, (), "a", ("a", "b"), locale) for locale, texts in _CHAT.items() for text in texts[:-1] * 3
]


def _paced(read: Callable[[Message], object]) -> float:
    started = time.process_time()
    for _ in range(_ROUNDS):
        for message in MESSAGES:
            read(message)
    return _ROUNDS * len(MESSAGES) / (time.process_time() - started)


def ours() -> float:
    """Every message through the library."""
    return _paced(detect)


def _meet_the_words() -> None:
    """What each word may mean is worked out when it is first met."""
    for message in MESSAGES:
        detect(message)


def words() -> float:
    """The words of every message."""
    split = re.compile(r"\w+").findall
    return _paced(lambda message: set(split(message.text.lower())))


PATHS = (HotPath("detection", ours, words, prepare=_meet_the_words, must_microseconds=50),)
