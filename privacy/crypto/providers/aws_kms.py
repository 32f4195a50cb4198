"""KEKs in AWS KMS, which wraps and unwraps and never hands one out.

A key is named by its ARN: the ARN says the region, and no alias can be pointed elsewhere under what it wrapped. Only
the ARNs of the setting are ever asked: whoever may write the key tables cannot make us trust a key of theirs. The
encryption context stands in AWS's log (CloudTrail) in clear: opaque ids and nothing else.
"""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured

from privacy.crypto.aead import DecryptionFailed
from privacy.crypto.providers.port import KeyUnavailable, WrappedKey
from privacy.crypto.secret import SecretBytes, forgets_locals

#: What `KEY_KMS_KEY_ID` holds; its first group is the region.
KEY_ARN: Final = re.compile(r"arn:aws[a-z-]*:kms:([a-z0-9-]+):[0-9]{12}:key/[A-Za-z0-9-]+", re.ASCII)
#: One answer may take this long, and there are two attempts: nobody but the background waits for them.
CONNECT_SECONDS: Final = 1.0
READ_SECONDS: Final = 2.0
ATTEMPTS: Final = 2
#: In every context, so that a policy can let us use a key for this and nothing else.
APPLICATION: Final = "paravent"

#: The blob, its key or its context is not what `wrap` saw (KMS API reference, Decrypt).
_NOT_OURS = frozenset({"InvalidCiphertextException", "IncorrectKeyException", "ValidationException"})
_INSTALL = "python -m pip install --require-hashes --only-binary :all: --requirement requirements/aws-kms.txt"


class AwsKmsProvider:
    """KEKs in AWS KMS. Credentials come the ways that boto3 knows: a role of the machine or pod, or the environment."""

    def __init__(self, key_arns: Sequence[str], *, endpoint_url: str = "", proxy: str = "") -> None:
        """Take the keys, the newest last; `endpoint_url` for a private endpoint.

        Raises:
            ImproperlyConfigured: boto3 is not installed, or a key is not named by an ARN.
        """
        regions = {arn: match[1] for arn in key_arns if (match := KEY_ARN.fullmatch(arn))}
        if not key_arns or len(regions) != len(key_arns):
            raise ImproperlyConfigured("KEY_KMS_KEY_ID must be one or more different key ARNs (arn:aws:kms:…:key/…)")
        clients = {region: _client(region, endpoint_url, proxy) for region in set(regions.values())}
        self._clients = {arn: clients[region] for arn, region in regions.items()}
        self._newest = key_arns[-1]

    @forgets_locals
    def wrap(self, key: SecretBytes, *, context: Mapping[str, str]) -> WrappedKey:
        """Wrap under the newest KEK."""
        client = self._clients[self._newest]
        with _failures():
            answer = client.encrypt(
                KeyId=self._newest, Plaintext=key.reveal(), EncryptionContext=dict(context, app=APPLICATION)
            )
        return WrappedKey(self._newest, _bytes(answer, "CiphertextBlob"))

    @forgets_locals
    def unwrap(self, wrapped: WrappedKey, *, context: Mapping[str, str]) -> SecretBytes:
        """Open what `wrap` made."""
        client = self._clients.get(wrapped.kek)
        if client is None:
            raise KeyUnavailable("KEY_KMS_KEY_ID does not name the key-encryption key that wrapped this")
        with _failures(not_ours=_NOT_OURS):
            answer = client.decrypt(
                KeyId=wrapped.kek,
                CiphertextBlob=wrapped.blob,
                EncryptionContext=dict(context, app=APPLICATION),
            )
        return SecretBytes(_bytes(answer, "Plaintext"))

    @forgets_locals
    def health(self) -> None:
        """Wrap and unwrap a key that is none."""
        probe = {"kind": "health"}
        self.unwrap(self.wrap(SecretBytes(bytes(32)), context=probe), context=probe)


def _client(region: str, endpoint_url: str, proxy: str) -> Any:
    try:
        import boto3  # noqa: PLC0415 - an extra: only who uses KMS installs it
        from botocore.config import Config  # noqa: PLC0415 - the same
    except ImportError:
        raise ImproperlyConfigured(f"KEY_PROVIDER=aws-kms needs boto3, which is not installed: {_INSTALL}") from None
    # At DEBUG it prints bodies, and a body holds a key in clear.
    logging.getLogger("botocore").setLevel(logging.WARNING)
    return boto3.client(
        "kms",
        region_name=region,
        endpoint_url=endpoint_url or None,
        config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            proxies={"http": proxy, "https": proxy} if proxy else None,
            # Only the endpoint that our settings have judged.
            ignore_configured_endpoint_urls=True,
        ),
    )


@contextmanager
def _failures(*, not_ours: frozenset[str] = frozenset()) -> Iterator[None]:
    """Turn what boto3 raises into ours: a code or a class, never a message, which may quote the request."""
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError  # noqa: PLC0415 - there once a client was made

    try:
        yield
    except ClientError as refused:
        code = str(refused.response.get("Error", {}).get("Code", "unknown"))
        if code in not_ours:
            raise DecryptionFailed from None
        raise KeyUnavailable(f"AWS KMS refuses ({code})") from None
    except BotoCoreError as failed:
        if isinstance(failed, ParamValidationError) and not_ours:
            raise DecryptionFailed from None
        raise KeyUnavailable(f"AWS KMS does not answer ({type(failed).__name__})") from None


def _bytes(answer: Mapping[str, Any], member: str) -> bytes:
    found = answer.get(member)
    if not isinstance(found, bytes) or not found:
        raise KeyUnavailable("AWS KMS answers something else")
    return found
