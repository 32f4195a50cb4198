"""Who keeps the key-encryption keys: a file, the environment, AWS KMS. One port, one file each, one contract suite.

Look here: `port` (what each of them promises), `file`, `environment`, `aws_kms`; `local` is what the first two share.
A provider is asked when a process starts and by its background thread, never by a request.
"""

from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from privacy.crypto.providers.aws_kms import AwsKmsProvider
from privacy.crypto.providers.environment import ENVIRONMENT_VARIABLE, EnvironmentProvider
from privacy.crypto.providers.file import FileProvider, create_key_file
from privacy.crypto.providers.port import KeyProvider, KeyUnavailable, WrappedKey

__all__ = [
    "ENVIRONMENT_VARIABLE",
    "AwsKmsProvider",
    "EnvironmentProvider",
    "FileProvider",
    "KeyProvider",
    "KeyUnavailable",
    "WrappedKey",
    "create_key_file",
    "provider_from_settings",
]


def provider_from_settings() -> KeyProvider:
    """The provider that `KEY_PROVIDER` names."""
    match settings.KEY_PROVIDER:
        case "file":
            return FileProvider(Path(settings.KEY_FILE))
        case "environment":
            return EnvironmentProvider()
        case "aws-kms":
            endpoint_url, proxy = settings.KEY_KMS_ENDPOINT_URL, settings.EGRESS_PROXY
            return AwsKmsProvider(settings.KEY_KMS_KEY_ID, endpoint_url=endpoint_url, proxy=proxy)
        case other:
            raise ImproperlyConfigured(f"KEY_PROVIDER {other!r} is not known")
