"""What people do in a house whose keys rotate: each task is a function that a process of its own runs.

It must not import tests.environment, which would make another database.
"""

import json
import random
import sys
import time
import traceback
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any


def settle(stop: Path, *, cards: int, lines: int) -> dict[str, Any]:
    """Holders with a card and some money each, who have paid; and lines of activity, for the number of rows."""
    from tests.cards.acquirer import issue

    made = [issue(100_000, label="label") for _ in range(cards)]
    for card in made[:3]:
        assert _with_client(card).authorize(100)["approved"]
    _write_lines([card.card.holder_id for card in made], lines)
    locked = issue(1000, kind="merchant_locked")
    first = _with_client(locked).body(100, network_ref="first")
    assert _send(first)["approved"]
    guessed = issue(1000)
    for _ in range(3):
        assert not _with_client(guessed).authorize(100, cvc=guessed.wrong_cvc)["approved"]
    shredded = issue(0)
    _shred(shredded.card.id)
    return {
        "cards": [_as_typed(card) for card in made], "locked": _as_typed(locked), "first": first,
        "guessed": _as_typed(guessed), "shredded": _as_typed(shredded),
    }  # fmt: skip


def _write_lines(holders: list[str], count: int) -> None:
    from wallet.activity.models import Line

    for start in range(0, count, 1000):
        rows = []
        for number in range(start, min(start + 1000, count)):
            row = Line(
                holder_id=holders[number % len(holders)], kind="payment", direction="out", amount_minor=1, currency="EUR",
                status="succeeded", ref=f"ref_{number}", merchant=f"merchant {number}",
            )  # fmt: skip
            rows.append(row)
        Line.objects.bulk_create(rows)


def _shred(card_id: str) -> None:
    from django.db import transaction

    from cards.vault import numbers
    from wallet.core import clock

    with transaction.atomic():
        numbers.shred(card_id=card_id, now=clock.now())


def look(stop: Path, *, house: dict[str, Any]) -> dict[str, Any]:
    """Open everything, find each card by its number, and try what must go on as it was, under newer marks too."""
    from django.core.management import call_command

    from cards.issuing.models import Card
    from cards.issuing.networks import network
    from privacy.exposure.verifying import verify
    from wallet.activity.models import Line

    call_command("rotate_keys", "--root", "pairwise", "--margin", "0.6", stderr=StringIO())
    for card in house["cards"]:
        assert _find(card["pan"]) == card["id"], "a card was not found"
        shown = network().reveal(card_id=card["id"])
        assert (shown.pan.reveal(), shown.cvc.reveal()) == (card["pan"], card["cvc"])
    again = _send(house["first"])
    other = {"id": "shop-2", "name": "Other Shop", "mcc": "5999", "country": "FR"}
    lines = Line.objects.filter(kind="payment")
    assert all(line.merchant == f"merchant {line.ref.removeprefix('ref_')}" for line in lines)
    return {
        "labels": {row.id: row.label for row in Card.objects.filter(id__in=[card["id"] for card in house["cards"]])},
        "faults": len(verify().faults),
        "paid": _card(house["cards"][0]).authorize(100)["approved"],
        "repeated": again["approved"],
        "changed_repetition": _status({**house["first"], "amount": {"value": 7, "currency": "EUR"}}),
        "locked_here": _card(house["locked"]).authorize(100)["approved"],
        "locked_elsewhere": _card(house["locked"]).authorize(100, merchant=other)["approved"],
        "guessed_right_too_late": _card(house["guessed"]).authorize(100)["approved"],
        "lines": len(lines),
    }


def live(stop: Path, *, house: dict[str, Any], number: int, of: int) -> dict[str, Any]:
    """Until told to stop: write, read back, find, pay, try to take a number that is taken. What went wrong?"""
    mine = house["cards"][number::of]
    written = {card["id"]: "label" for card in mine}
    errors: list[str] = []
    turns = 0
    stop.with_suffix(".ready").touch()
    while not stop.exists():
        turns += 1
        try:
            _one_turn(house, mine, written, turns)
        except Exception:  # noqa: BLE001 - whatever goes wrong is what the test is about
            errors.append(traceback.format_exc())
            if len(errors) > 3:
                break
    return {"turns": turns, "errors": errors, "written": written}


def _one_turn(house: dict[str, Any], mine: list[dict[str, str]], written: dict[str, str], turn: int) -> None:
    from cards.issuing.models import Card

    card = random.choice(mine)  # noqa: S311 - chances, no secret
    row = Card.objects.get(id=card["id"])
    held = Card.objects.get(id=random.choice(mine)["id"])  # noqa: S311
    assert row.label == written[row.id], "an update was lost"
    row.label = written[row.id] = f"turn {turn}"
    row.save()
    assert Card.objects.get(id=row.id).label == written[row.id]
    anyone = random.choice(house["cards"])  # noqa: S311
    assert _find(anyone["pan"]) == anyone["id"], "a look-up missed"
    assert _find_by_model(anyone["pan"]) == anyone["id"], "a look-up by the model missed"
    # Read before, opened after whatever happened meanwhile.
    time.sleep(0.05)
    assert held.id == row.id or held.label == written[held.id]
    if turn % 5 == 0:
        _take_a_number_that_is_taken(anyone)
    if turn % 10 == 0:
        assert _card(card).authorize(100)["approved"]
    if turn % 15 == 0:
        _issue_and_find()


def _take_a_number_that_is_taken(card: dict[str, str]) -> None:
    from django.db import IntegrityError, transaction

    from cards.vault.models import CardNumber
    from wallet.core.ids import new_id

    row = CardNumber(
        id=new_id("num"), card_id=card["id"], holder_id=card["holder"], last4="", expiry="2030-01", cvc_version=1
    )
    row.pan = card["pan"]
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return
    raise AssertionError("two cards have one number")


def _issue_and_find() -> None:
    from tests.cards.acquirer import issue

    made = issue(0)
    assert _find(made.pan) == made.card.id, "a new card was not found"


def _find(pan: str) -> str | None:
    from django.db import connection

    from cards.vault.numbers import index_of
    from cards.vault.pan import Pan

    with connection.cursor() as cursor:
        cursor.execute("SELECT number_id FROM vault_find(%s)", [index_of(Pan(pan))])
        rows = cursor.fetchall()
    assert len(rows) <= 1
    return rows[0][0] if rows else None


def _find_by_model(pan: str) -> str | None:
    from cards.vault.models import CardNumber

    return CardNumber.objects.filter(pan_index=pan).values_list("card_id", flat=True).first()


def _card(typed: dict[str, str]) -> Any:
    from cards.issuing.models import Card
    from tests.cards.acquirer import TestCard

    card = TestCard(Card.objects.get(id=typed["id"]), typed["pan"], typed["expiry"], typed["cvc"])
    return _with_client(card)


def _with_client(card: Any) -> Any:
    from django.test import Client

    card.client = Client(SERVER_NAME="localhost")
    return card


def _send(body: dict[str, Any]) -> Any:
    from django.test import Client

    from tests.cards.acquirer import send

    return send("/authorizations", body, client=Client(SERVER_NAME="localhost")).json()


def _status(body: dict[str, Any]) -> int:
    from django.test import Client

    from tests.cards.acquirer import send

    return int(send("/authorizations", body, client=Client(SERVER_NAME="localhost")).status_code)


def _as_typed(card: Any) -> dict[str, str]:
    return {
        "id": card.card.id, "holder": card.card.holder_id, "pan": card.pan, "expiry": card.expiry, "cvc": card.cvc,
    }  # fmt: skip


def _main() -> None:
    import django

    django.setup()
    order = json.loads(sys.argv[1])
    task: Callable[..., Any] = globals()[order["task"]]
    print(json.dumps(task(Path(order["stop"]), **order["arguments"])))


if __name__ == "__main__":
    _main()
