"""The security code: derived by a keyed function under a version, and kept nowhere (standard.md C11)."""

import logging
import secrets

import pytest
import redis
from django.conf import settings
from django.db import connection

from cards.authorizations.authorize import Request, authorize
from cards.authorizations.merchants import Merchant
from cards.issuing.numbers import Pan, Presented
from cards.vault import cvc, numbers
from cards.vault.models import CardNumber
from privacy.crypto.keyring import keyring
from privacy.crypto.secret import Secret, SecretBytes
from tests.cards.acquirer import SHOP, TestCard, issue, number_for
from wallet.core.money import Money

#: Made with `openssl dgst -sha256 -mac HMAC`: the first 64 bits of HMAC("<length>:<number>|<expiry>"), modulo 1000.
KEY = SecretBytes(bytes(range(32)))
KNOWN = [
    ("9999001234567898", "2029-05", "390"),
    ("4123456789012345", "2087-01", "865"),
    ("9999001234567898765", "2029-05", "961"),
]


@pytest.mark.parametrize(("number", "expiry", "code"), KNOWN)
def test_known_answers(number: str, expiry: str, code: str) -> None:
    """Break: change the order of number and expiry, the framing, or the bits that are taken."""
    assert cvc.code(KEY, Pan(number), expiry=expiry).reveal() == code


def test_a_code_depends_on_every_digit_of_number_and_date_and_on_the_key() -> None:
    def codes(key: bytes, number: str = "9999001234567898", expiry: str = "2029-05") -> str:
        return cvc.code(SecretBytes(key), Pan(number), expiry=expiry).reveal()

    base = KEY.reveal()
    by_key = {codes(bytes([one]) + base[1:]) for one in range(200)}
    by_number = {codes(base, f"99990012345{one:05d}") for one in range(200)}
    by_date = {codes(base, expiry=f"20{year}-{month:02d}") for year in range(25, 45) for month in range(1, 13)}
    # Of 200 draws from a thousand some 181 differ.
    assert all(len(found) > 150 for found in (by_key, by_number, by_date))


def make_root(purpose: str) -> int:
    """The next version of a purpose's root key, as a rotation makes it."""
    parts = keyring._started()
    version = keyring.current_version(purpose) + 1  # type: ignore[arg-type]
    key_id, wrapped = parts.trunk.wrapped_root(purpose, version)
    parts.store.add_root(key_id=key_id, purpose=purpose, version=version, wrapped=wrapped)
    parts.trunk.refresh()
    return version


@pytest.mark.django_db
def test_old_numbers_keep_the_code_of_their_key_version_and_new_ones_get_the_new() -> None:
    """standard.md C11. Break: derive with the current version in `numbers.reveal`."""
    old = issue(1000)
    before = CardNumber.objects.get(id=old.card.id).cvc_version
    version = make_root("cvc")
    assert version == before + 1
    assert numbers.reveal(old.card.id).cvc == numbers.reveal(old.card.id).cvc == Secret(old.cvc)
    assert old.authorize(100)["approved"]
    new = number_for(old)
    row = CardNumber.objects.get(id=new.number)
    assert row.cvc_version == version
    assert new.authorize(100)["approved"]
    assert Secret(new.cvc) == cvc.derive(Pan(new.pan), expiry=new.expiry, version=version)
    # Two keys, two codes: of so many numbers some differ whatever chance does.
    pans = [Pan(f"99990012345{one:05d}") for one in range(20)]
    assert any(
        cvc.derive(pan, expiry="2029-05", version=version) != cvc.derive(pan, expiry="2029-05", version=before)
        for pan in pans
    )


def ask(card: TestCard, code: str) -> None:
    presented = Presented(Pan(card.pan), card.expiry, Secret(code))
    shop = Merchant(**SHOP)
    ref = secrets.token_hex(8)
    authorize(
        Request(
            network="sandbox", ref=ref, presented=presented, amount=Money(100, "EUR"), merchant=shop, is_partial=False,
            entry="ecommerce", body={"cvc": code, "ref": ref}, request_id=ref,
        )
    )  # fmt: skip


@pytest.mark.django_db
def test_no_table_no_log_and_no_queue_holds_a_code(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """standard.md C11: codes of 18 digits in place of three, so that finding one is no chance.

    Break: log what was presented, or put the code into the message's row.
    """
    monkeypatch.setattr(cvc, "_DIGITS", 18)
    caplog.set_level(logging.DEBUG)
    card = issue(5000)
    number = number_for(card)
    wrong = f"{secrets.randbelow(10**18):018d}"
    assert len(number.cvc) == 18
    for one in (card, number):
        ask(one, one.cvc)
        ask(one, wrong)
    card.tell()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        )  # fmt: skip
        columns = cursor.fetchall()
        stored = ""
        for table in sorted({table for table, _column in columns}):
            cursor.execute(f"SELECT coalesce(string_agg(t::text, E'\\n'), '') FROM \"{table}\" t")
            stored += cursor.fetchone()[0]
    server = redis.Redis.from_url(settings.REDIS_URL)
    queued = b" ".join(key + b" " + (server.dump(key) or b"") for key in server.keys("*"))
    server.close()
    streams = capsys.readouterr()
    said = caplog.text + streams.out + streams.err
    assert card.card.id in stored
    for code in (card.cvc, number.cvc, wrong):
        assert code not in stored
        assert code.encode().hex() not in stored
        assert code not in said
        assert code.encode() not in queued
    assert {column for _table, column in columns if "cvc" in column or "cvv" in column} == {"cvc_version"}
