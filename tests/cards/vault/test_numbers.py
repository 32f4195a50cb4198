"""The vault: numbers that cannot be printed, drawn twice, or read from a dump."""

import copy
import json
import logging
import pickle

import pytest
from django.db import connection, transaction

from cards.vault import cvc, number_range, numbers
from cards.vault.models import CardNumber
from cards.vault.pan import Pan, PanUnreadable, check_digit, is_luhn
from privacy.crypto.secret import SecretExposed
from tests.cards.acquirer import issue
from wallet.core import clock
from wallet.core.ids import new_id
from wallet.core.logs import scrub_text

NUMBER = "9999001234567898"


def test_a_number_cannot_be_printed_formatted_copied_or_pickled() -> None:
    """Break: derive Pan from str."""
    pan = Pan(NUMBER)
    for leak in (str, pickle.dumps, copy.copy, copy.deepcopy, lambda value: f"{value}", lambda value: f"{value:>20}"):
        with pytest.raises(SecretExposed):
            leak(pan)
    with pytest.raises(TypeError):
        json.dumps(pan)
    assert NUMBER not in repr(pan)
    assert NUMBER not in repr({"pan": pan})
    assert pan.last4 == NUMBER[-4:]


def test_a_number_that_is_logged_by_mistake_does_not_appear(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").warning("seen %r", Pan(NUMBER))
    assert NUMBER not in caplog.text
    assert NUMBER not in scrub_text(f"seen {number_range.draw().reveal()} and {NUMBER}") or not is_luhn(NUMBER)


@pytest.mark.parametrize(
    "text", ["", "12345678901", "1" * 20, "1234 5678 9012 3456", "١٢٣٤٥٦٧٨٩٠١٢٣٤٥٦", "123456789012345a"]
)
def test_what_is_no_number_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(PanUnreadable) as refused:
        Pan(text)
    assert not text or text not in str(refused.value)


def test_check_digits_follow_luhn() -> None:
    assert [check_digit(payload) for payload in ("7992739871", "453914880343646", "999900000000000")] == ["3", "7", "4"]
    assert is_luhn("4539148803436467")
    assert not is_luhn("4539148803436468")


@pytest.mark.django_db
def test_a_dump_holds_neither_number_nor_code() -> None:
    """Break: store the number in a plain column."""
    made = issue()
    with connection.cursor() as cursor:
        for table in (
            "cards_cardnumber",
            "cards_numberplace",
            "cards_card",
            "cards_reveal",
            "privacy_exposure",
            "wallet_line",
        ):
            cursor.execute(f"SELECT t::text FROM {table} t")
            dump = " ".join(row[0] for row in cursor.fetchall())
            assert made.pan not in dump
            assert made.pan.encode().hex() not in dump
    names = {field.column for field in CardNumber._meta.concrete_fields}
    assert not {name for name in names if name.startswith("cvc")} - {"cvc_version"}


@pytest.mark.django_db
def test_a_code_is_derived_alike_each_time_and_follows_number_date_and_key() -> None:
    pan, version = Pan(NUMBER), cvc.current_version()
    one = cvc.derive(pan, expiry="2029-05", version=version)
    assert one == cvc.derive(Pan(NUMBER), expiry="2029-05", version=version)
    assert len(one.reveal()) == 3
    others = {cvc.derive(pan, expiry=f"20{year}-05", version=version).reveal() for year in range(30, 60)}
    assert len(others) > 20


@pytest.mark.django_db
def test_a_number_is_unique_by_its_index_also_after_it_was_shredded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Break: clear `pan_index` when shredding."""
    made = issue()
    numbers.shred(card_id=made.card.id, now=clock.now())
    draws = iter([Pan(made.pan), Pan(made.pan), number_range.draw()])
    monkeypatch.setattr(number_range, "draw", lambda: next(draws))
    with transaction.atomic():
        face = numbers.create(card_id=new_id("card"), holder_id=new_id("holder"), domain_ref=None, now=clock.now())
    assert face.last4
    assert next(draws, None) is None
    with pytest.raises(numbers.NotFound):
        numbers.reveal(made.card.id)


def test_a_card_works_to_the_end_of_its_month() -> None:
    assert [str(numbers.last_day(month)) for month in ("2028-02", "2027-12", "2027-04")] == [
        "2028-02-29", "2027-12-31", "2027-04-30",
    ]  # fmt: skip
