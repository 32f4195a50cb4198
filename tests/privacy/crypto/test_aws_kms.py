"""AWS KMS over the double: what it is told, what is made of its answers, and what an operator is told."""

import sys
from typing import Any

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured

from privacy.crypto.aead import Cell
from privacy.crypto.checks import check_key_provider
from privacy.crypto.keyring import Keyring
from privacy.crypto.providers import AwsKmsProvider, KeyUnavailable, WrappedKey, provider_from_settings
from privacy.crypto.secret import SecretBytes
from tests.privacy.crypto.places import KmsPlace
from tests.support.kms import Kms

CONTEXT = {"kind": "branch", "id": "00ff"}
KEY = SecretBytes(bytes(range(100, 132)))
ARN = "arn:aws:kms:eu-central-1:123456789012:key/0d1b9e4c-9f0b-4f0e-8f57-2b8f3f5c9d11"


def test_its_log_shows_opaque_ids_and_nothing_else(kms: Kms, own_keys: psycopg.Connection):
    """The context stands in CloudTrail in clear. Break: add the holder to the context of a branch key."""
    place = KmsPlace(kms)
    ring = Keyring(provider=lambda: place.provider, in_background=False)
    ring.seal(b"lunch", cell=Cell("t", "c", "1", "holder_alice"), keys="life")
    ring.stop()
    assert {call.action for call in kms.calls} == {"Encrypt", "Decrypt"}
    for call in kms.calls:
        data = {"Encrypt": "Plaintext", "Decrypt": "CiphertextBlob"}[call.action]
        assert call.members == {"KeyId", "EncryptionContext", data}
        assert call.key == place.arns[0]
        context = dict(call.context)
        assert context.pop("app") == "paravent"
        assert context.pop("kind") in {"branch", "root"}
        assert len(bytes.fromhex(context.pop("id"))) == 16
        assert context.pop("purpose", "index") in {"index", "cvc", "webhook", "log", "pairwise"}
        assert context.pop("version", "1") == "1"
        assert context == {}


@pytest.mark.parametrize(
    "answer",
    [
        ("400 Bad Request", b'{"__type": "AccessDeniedException", "message": "arn:aws:iam::1:role/alice"}'),
        ("400 Bad Request", b'{"__type": "DisabledException"}'),
        ("400 Bad Request", b'{"__type": "KMSInvalidStateException", "message": "pending deletion"}'),
        ("400 Bad Request", b'{"__type": "ThrottlingException"}'),
        ("400 Bad Request", b'{"__type": "ExpiredTokenException"}'),
        ("500 Internal Server Error", b'{"__type": "KMSInternalException"}'),
        ("503 Service Unavailable", b"<html>"),
        ("200 OK", b"<html>"),
        ("200 OK", b"{}"),
        ("200 OK", b'{"Plaintext": "", "CiphertextBlob": ""}'),
    ],
)
def test_whatever_it_refuses_or_makes_up_is_an_outage(kms: Kms, answer: tuple[str, bytes]):
    """Break: return what `answer.get` found, whatever it is."""
    place = KmsPlace(kms)
    wrapped = place.provider.wrap(KEY, context=CONTEXT)
    kms.answer = answer
    for call in (
        lambda: place.provider.wrap(KEY, context=CONTEXT),
        lambda: place.provider.unwrap(wrapped, context=CONTEXT),
    ):
        with pytest.raises(KeyUnavailable) as refused:
            call()
        assert "alice" not in str(refused.value)


def test_when_it_hangs_the_provider_gives_up_by_itself(kms: Kms):
    """Break: one attempt more."""
    place = KmsPlace(kms)
    kms.hang()
    with pytest.raises(KeyUnavailable, match="ReadTimeoutError"):
        place.provider.wrap(KEY, context=CONTEXT)
    assert len(kms.calls) == 2


def test_a_key_that_the_setting_does_not_name_is_never_asked(kms: Kms):
    """Whoever writes the key tables may name a key of theirs. Break: ask for the ARN that stands in the row."""
    theirs = KmsPlace(kms)
    wrapped = theirs.provider.wrap(KEY, context=CONTEXT)
    ours = KmsPlace(kms)
    asked = len(kms.calls)
    with pytest.raises(KeyUnavailable):
        ours.provider.unwrap(wrapped, context=CONTEXT)
    with pytest.raises(KeyUnavailable):
        ours.provider.unwrap(WrappedKey("1", wrapped.blob), context=CONTEXT)
    assert len(kms.calls) == asked


def test_the_environment_cannot_send_keys_elsewhere(kms: Kms, monkeypatch: pytest.MonkeyPatch):
    """The endpoint is the setting's, which production has judged. Break: drop `ignore_configured_endpoint_urls`."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", kms.url)
    provider = AwsKmsProvider([ARN])
    assert provider._clients[ARN].meta.endpoint_url == "https://kms.eu-central-1.amazonaws.com"


@pytest.mark.parametrize(
    "arns", [[], [""], ["alias/paravent"], [ARN.replace("key/", "alias/")], [ARN, ARN], ["0d1b9e4c"], [ARN, "x"]]
)
def test_only_arns_of_keys_are_taken(arns: list[str]):
    """An alias may be pointed elsewhere. Break: drop the comparison of lengths."""
    with pytest.raises(ImproperlyConfigured, match="KEY_KMS_KEY_ID"):
        AwsKmsProvider(arns)


def test_without_boto3_the_operator_reads_what_to_install(kms: Kms, settings: Any, monkeypatch: pytest.MonkeyPatch):
    settings.KEY_PROVIDER, settings.KEY_KMS_KEY_ID = "aws-kms", [ARN]
    assert isinstance(provider_from_settings(), AwsKmsProvider)
    assert check_key_provider(None) == []
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(ImproperlyConfigured, match=r"requirements/aws-kms\.txt"):
        provider_from_settings()
    assert [error.id for error in check_key_provider(None)] == ["privacy.E003"]
