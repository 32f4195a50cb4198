"""Learns the weights of `firstlook.py` and `evidence.py` in `payments/detection`: `python -m tests.payments.detection.learn [FILE …]`.

A logistic regression over the signs of each message, by stochastic gradient descent with one step size a sign. The same
messages give the same file: everything goes in a fixed order. The labelled messages are the batches and the known answers
of each language; more of them come from a FILE `….jsonl` in the scorer's format. A FILE `….json` is a list of texts of real
chat in the language that its name begins with (`fr_88milsms.json`): what no phrase finds there counts as no payment talk.
Only signs that occur in labelled messages get a weight: no word of real chat goes into the weights by itself.
"""

from __future__ import annotations

import json
import math
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from payments.detection import Intent, Message
from payments.detection.__main__ import parse
from payments.detection.detector import Detector
from payments.detection.evidence import INTENTS, SCALE, WEIGHTS
from payments.detection.firstlook import ALWAYS, NAMED, first_look, is_named, language_of, words_of
from payments.detection.firstlook import WEIGHTS as FIRST_LOOK
from payments.detection.firstlook import signs_of as seen_in
from tests.payments.detection import test_english, test_french, test_german, test_spanish
from tests.payments.detection.batches import Case, load
from tests.payments.detection.thread import Told, message, nothing

FOLDER = Path(__file__).parent / "batches"
_LOCALES = {"fr": "fr-FR", "en": "en-GB", "es": "es-ES", "de": "de-DE"}
_CLASSES = ("none", *map(str, INTENTS))
_EPOCHS, _STEP, _SHRINK = 14, 0.3, 2e-4
_CHAT_WEIGHT = 0.4  # there is much of it, and hardly any payment talk
_FOUND_WEIGHT = 4.0  # at first look: better one closer look too many
_CLOSE = -350  # of real chat more is learnt from than gets a closer look
_LEAST_SEEN = 2
_LEAST_WEIGHT = 4  # hundredths
_TELLS_NOTHING = 0.005


class Example(NamedTuple):
    """The signs of a message and the place of its label among the classes."""

    signs: tuple[str, ...]
    label: int
    weight: float = 1.0


def known_answers() -> list[Case]:
    """The messages of the tests of each language."""
    cases = []
    for module in (test_french, test_english, test_spanish, test_german):
        locale = module.ASKS[0][1]
        cases += [Case(message(text, where), told) for text, where, told in module.ASKS + module.OFFERS + module.SHARES]
        cases += [Case(message(text, locale), nothing) for text in module.NOTHING]
        for earlier, text, told in module.IN_CONTEXT:
            cases.append(Case(message(text, locale, earlier=[earlier] if isinstance(earlier, str) else earlier), told))
    return cases


def labelled(path: Path) -> list[Case]:
    """Labelled messages in the scorer's format."""
    cases = []
    for line in path.read_text(encoding="utf-8").splitlines():
        _, asked = parse(line)
        told = json.loads(line)
        cases.append(Case(asked, Told(told["intent"], told["amount_minor"], told["currency"], told["shares"])))
    return cases


def examples_of(cases: Iterable[Case]) -> list[Example]:
    """What there is to learn from these cases."""
    return [
        Example(
            ("always", *sorted(Detector(asked, language_of(asked.text, asked.locale)).signs)),
            _CLASSES.index(told.intent),
        )
        for asked, told in cases
    ]


def looks_of(cases: Iterable[Case]) -> list[Example]:
    """What the first look sees of these cases; one with earlier messages needs no first look."""
    return [
        Example(_seen(asked), int(told.intent != "none"), _FOUND_WEIGHT if told.intent != "none" else 1.0)
        for asked, told in cases
        if not asked.context
    ]


def looks_at(path: Path) -> list[Example]:
    """What the first look sees of real chat."""
    locale = _LOCALES[path.name[:2]]
    texts = json.loads(path.read_text(encoding="utf-8"))
    return [Example(_seen(Message(text, (), "a", ("a", "b"), locale)), 0, _CHAT_WEIGHT) for text in texts]


def _seen(asked: Message) -> tuple[str, ...]:
    """The signs of all words, apart with and without a number."""
    words, language = words_of(asked.text), language_of(asked.text, asked.locale)
    told = [seen_in(word, language) for word in sorted(words)]
    signs = [ALWAYS, *sorted(set().union(*(signs for signs, _ in told)))]
    if is_named(words, [name for name in asked.participants if name != asked.sender]):
        signs.append(NAMED)
    beside = "with" if any(is_number for _, is_number in told) else "without"
    return tuple(f"{beside} {sign}" for sign in signs)


def first_look_table(examples: Sequence[Example], chat: Sequence[Example]) -> dict[str, tuple[int, int]]:
    """What each sign says for payment talk, without a number and with one, in hundredths."""
    learnt = {sign: row[0] for sign, row in learn(examples, chat).items()}
    signs = sorted({sign.split(" ", 1)[1] for sign in learnt})
    return {sign: (learnt.get(f"without {sign}", 0), learnt.get(f"with {sign}", 0)) for sign in signs}


def ordinary(path: Path) -> list[Example]:
    """What is weighed in real chat, as no payment talk."""
    locale, found = _LOCALES[path.name[:2]], []
    for text in json.loads(path.read_text(encoding="utf-8")):
        ordinary_message = Message(text, (), "a", ("a", "b"), locale)
        language = first_look(text, locale, ("b",), _CLOSE)
        if language is None:
            continue
        detector = Detector(ordinary_message, language)
        if detector.finding.intent is Intent.NONE and not detector.guards.whole and detector.is_worth_weighing:
            found.append(Example(("always", *sorted(detector.signs)), 0, _CHAT_WEIGHT))
    return found


def learn(told: Sequence[Example], chat: Sequence[Example] = ()) -> dict[str, tuple[int, ...]]:
    """The weights against none, in hundredths."""
    seen = Counter(sign for example in told for sign in example.signs)
    examples = [*told, *chat]
    rows = [
        Example(tuple(sign for sign in signs if seen[sign] >= _LEAST_SEEN), label, weight)
        for signs, label, weight in examples
    ]
    weights: list[defaultdict[str, float]] = [defaultdict(float) for _ in _CLASSES]
    steps: list[defaultdict[str, float]] = [defaultdict(float) for _ in _CLASSES]
    order = random.Random(1)  # noqa: S311 - the same order each time
    for _ in range(_EPOCHS):
        order.shuffle(rows)
        for signs, label, weight in rows:
            for place, odds in enumerate(_likelihoods(weights, signs)):
                error = weight * (odds - (place == label))
                if abs(error) >= _TELLS_NOTHING:
                    _step(weights[place], steps[place], signs, error)
    table = {}
    for sign in sorted(weights[0]):
        row = tuple(round(SCALE * (weights[place][sign] - weights[0][sign])) for place in range(1, len(_CLASSES)))
        if max(map(abs, row)) >= _LEAST_WEIGHT:
            table[sign] = row
    return table


def _likelihoods(weights: Sequence[defaultdict[str, float]], signs: Sequence[str]) -> list[float]:
    totals = [sum(table[sign] for sign in signs) for table in weights]
    most = max(totals)
    odds = [math.exp(total - most) for total in totals]
    return [part / sum(odds) for part in odds]


def _step(table: defaultdict[str, float], steps: defaultdict[str, float], signs: Sequence[str], error: float) -> None:
    for sign in signs:
        slope = error + _SHRINK * table[sign]
        steps[sign] += slope * slope
        table[sign] -= _STEP * slope / math.sqrt(steps[sign] + 0.5)


def _write(path: Path, table: Mapping[str, Sequence[int]]) -> None:
    lines = ["\t".join((sign, *map(str, row))) + "\n" for sign, row in table.items()]
    path.write_text("".join(lines), encoding="utf-8")


def main() -> int:
    """Write the weights of all batches: of the first look, which chooses the chat to learn from, then of the signs."""
    WEIGHTS.write_text("", encoding="utf-8")  # what is pending in a context is told by the phrases alone
    cases = [case for path in sorted(FOLDER.glob("*.txt")) for case in load(path)]
    cases += known_answers()
    files = [Path(name) for name in sys.argv[1:]]
    cases += [case for path in files if path.suffix == ".jsonl" for case in labelled(path)]
    texts = [path for path in files if path.suffix == ".json"]
    seen = [example for path in texts for example in looks_at(path)]
    _write(FIRST_LOOK, first_look_table(looks_of(cases), seen))
    chat = [example for path in texts for example in ordinary(path)]
    table = learn(examples_of(cases), chat)
    _write(WEIGHTS, table)
    sys.stdout.write(f"{len(cases)} messages, {len(chat)} of {len(seen)} of real chat, {len(table)} weights\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
