"""What every key provider promises (standard.md C08): one suite, green against all three."""

import base64
import logging
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from privacy.crypto.aead import Cell, DecryptionFailed
from privacy.crypto.keyring import Keyring
from privacy.crypto.providers import KeyUnavailable, WrappedKey
from privacy.crypto.secret import SecretBytes
from privacy.crypto.store import KeyStore
from privacy.crypto.trunk import context_of
from tests.privacy.crypto.places import EnvironmentPlace, FilePlace, KmsPlace, Place
from tests.support.kms import Kms

CONTEXT = {"kind": "branch", "id": "00ff"}
KEY = SecretBytes(bytes(range(100, 132)))
REJECTED = (DecryptionFailed, KeyUnavailable)


@pytest.fixture(params=["file", "environment", "aws-kms"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kms: Kms) -> Iterator[Place]:
    makers: dict[str, Callable[[], Place]] = {
        "file": lambda: FilePlace(tmp_path / "kek"),
        "environment": lambda: EnvironmentPlace(monkeypatch),
        "aws-kms": lambda: KmsPlace(kms),
    }
    return makers[request.param]()


def test_what_was_wrapped_unwraps_and_shows_nothing_of_the_key(place: Place):
    place.provider.health()
    wrapped = place.provider.wrap(KEY, context=CONTEXT)
    assert KEY.reveal() not in wrapped.blob
    assert wrapped.blob != place.provider.wrap(KEY, context=CONTEXT).blob
    assert place.provider.unwrap(wrapped, context=dict(reversed(CONTEXT.items()))) == KEY


@pytest.mark.parametrize(
    "context",
    [{}, {"kind": "branch"}, {**CONTEXT, "id": "00fe"}, {**CONTEXT, "a": "b"}, {"kindbranch": "", "id": "00ff"}],
)
def test_another_context_is_refused(place: Place, context: dict[str, str]):
    """Break: leave the context out of the wrap's associated data, or out of KMS's Encrypt and Decrypt."""
    wrapped = place.provider.wrap(KEY, context=CONTEXT)
    with pytest.raises(DecryptionFailed):
        place.provider.unwrap(wrapped, context=context)


def test_a_flipped_byte_anywhere_is_rejected(place: Place):
    """Break: take InvalidCiphertextException out of `_NOT_OURS`."""
    wrapped = place.provider.wrap(KEY, context=CONTEXT)
    for position in range(len(wrapped.blob)):
        forged = bytearray(wrapped.blob)
        forged[position] ^= 0x40
        with pytest.raises(REJECTED):
            place.provider.unwrap(WrappedKey(wrapped.kek, bytes(forged)), context=CONTEXT)
    for forged in (b"", b"x", wrapped.blob[:-1], wrapped.blob + b"x"):
        with pytest.raises(DecryptionFailed):
            place.provider.unwrap(WrappedKey(wrapped.kek, forged), context=CONTEXT)
    assert place.provider.unwrap(wrapped, context=CONTEXT) == KEY


def test_a_new_key_wraps_and_the_old_one_still_unwraps(place: Place):
    """Break: wrap with the first key, or give KMS the newest key's ARN in Decrypt."""
    old = place.provider.wrap(KEY, context=CONTEXT)
    place.add_key()
    new = place.provider.wrap(KEY, context=CONTEXT)
    assert old.kek != new.kek
    assert place.provider.unwrap(old, context=CONTEXT) == place.provider.unwrap(new, context=CONTEXT) == KEY


def test_a_key_taken_away_is_an_outage_for_what_it_wrapped_alone(place: Place):
    """Break: ask KMS for whatever ARN stands beside the blob."""
    old = place.provider.wrap(KEY, context=CONTEXT)
    place.add_key()
    new = place.provider.wrap(KEY, context=CONTEXT)
    place.take_oldest_away()
    with pytest.raises(KeyUnavailable):
        place.provider.unwrap(old, context=CONTEXT)
    assert place.provider.unwrap(new, context=CONTEXT) == KEY


def test_a_wrap_does_not_pass_for_one_of_another_key(place: Place):
    """Break: leave KeyId out of KMS's Decrypt."""
    old = place.provider.wrap(KEY, context=CONTEXT)
    place.add_key()
    new = place.provider.wrap(KEY, context=CONTEXT)
    with pytest.raises(REJECTED):
        place.provider.unwrap(WrappedKey(old.kek, new.blob), context=CONTEXT)


def test_an_outage_is_told_by_every_call_and_ends(place: Place):
    wrapped = place.provider.wrap(KEY, context=CONTEXT)
    place.lose()
    for call in (
        place.provider.health,
        lambda: place.provider.wrap(KEY, context=CONTEXT),
        lambda: place.provider.unwrap(wrapped, context=CONTEXT),
    ):
        with pytest.raises(KeyUnavailable):
            call()
    place.find()
    assert place.provider.unwrap(wrapped, context=CONTEXT) == KEY


def test_neither_errors_nor_logs_show_a_key(place: Place, caplog: pytest.LogCaptureFixture):
    """Break: drop the level of botocore's logger: at DEBUG it prints the body of Encrypt."""
    caplog.set_level(logging.DEBUG)
    wrapped = place.provider.wrap(KEY, context=CONTEXT)
    place.provider.unwrap(wrapped, context=CONTEXT)
    said = [repr(place.provider), repr(wrapped)]
    for blob, context in ((wrapped.blob, {}), (b"x", CONTEXT)):
        with pytest.raises(DecryptionFailed) as refused:
            place.provider.unwrap(WrappedKey(wrapped.kek, blob), context=context)
        said.append("".join(traceback.format_exception(refused.value)))
    place.lose()
    with pytest.raises(KeyUnavailable) as away:
        place.provider.wrap(KEY, context=CONTEXT)
    place.find()
    said += [*traceback.format_exception(away.value), caplog.text]
    forms = (KEY.reveal().hex(), base64.b64encode(KEY.reveal()).decode(), repr(KEY.reveal())[2:-1], "defghij")
    assert not [form for form in forms if form in "".join(said)]


def test_what_was_sealed_opens_after_its_key_encryption_key_is_gone(place: Place, own_keys: psycopg.Connection):
    """Re-wrapping is all that a KEK's rotation takes: its version is in no payload's associated data."""
    cell = Cell("t", "c", "1", "holder_alice")
    before = Keyring(provider=lambda: place.provider, in_background=False)
    sealed, derived = before.seal(b"x", cell=cell, keys="life"), before.derive("index", "a")
    before.stop()
    place.add_key()
    store = KeyStore()
    for table, rows in (("privacy_branchkey", store.branches()), ("privacy_rootkey", store.roots())):
        for row in rows:
            context = context_of(row)
            wrapped = place.provider.wrap(place.provider.unwrap(row.wrapped, context=context), context=context)
            own_keys.execute(
                f"UPDATE {table} SET kek = %s, wrapped = %s WHERE id = %s", [wrapped.kek, wrapped.blob, row.id]
            )
    store.close()
    place.take_oldest_away()
    after = Keyring(provider=lambda: place.provider, in_background=False)
    assert after.open(sealed, cell=cell, keys="life") == b"x"
    assert after.derive("index", "a") == derived
    after.stop()
