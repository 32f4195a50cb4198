"""Settings about keys that cannot be meant: no process starts, and the message names the setting."""

import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from tests.support.system import ROOT
from wallet.checks import SettingsRefused, refuse_key_databases, refuse_key_settings

ARN = "arn:aws:kms:eu-central-1:123456789012:key/0d1b9e4c-9f0b-4f0e-8f57-2b8f3f5c9d11"
MAIN, KEYS, OWNER = "postgresql://app@db/paravent", "postgresql://keys@db/keys", "postgresql://keys_owner@db/keys"


def provider(**changed: object) -> None:
    facts: dict[str, object] = {"sandbox": False, "provider": "aws-kms", "kms_keys": [ARN], "kms_endpoint": ""}
    refuse_key_settings(**{**facts, **changed})  # type: ignore[arg-type]


def databases(**changed: object) -> None:
    facts: dict[str, object] = {"sandbox": False, "main": MAIN, "service": KEYS, "owner": OWNER}
    refuse_key_databases(**{**facts, **changed})  # type: ignore[arg-type]


def test_what_makes_sense_is_taken():
    provider()
    provider(provider="file", kms_keys=[])
    provider(kms_endpoint="https://kms.internal")
    provider(sandbox=True, kms_endpoint="http://127.0.0.1:4566")
    databases()
    databases(owner="")
    databases(service="", owner="")
    # Roles of two clusters may have one name.
    databases(service="postgresql://app@other/keys", owner="postgresql://owner@other/keys")


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"kms_keys": []}, "KEY_KMS_KEY_ID"),
        ({"kms_keys": [], "sandbox": True}, "KEY_KMS_KEY_ID"),
        ({"provider": "file"}, "KEY_PROVIDER=file"),
        ({"kms_endpoint": "http://kms.internal"}, "AWS_ENDPOINT_URL must be https"),
    ],
)
def test_a_provider_that_cannot_work_is_refused(changed: Mapping[str, object], named: str):
    with pytest.raises(SettingsRefused, match=named):
        provider(**changed)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"service": ""}, "KEYS_DATABASE_URL is not"),
        ({"service": "postgresql://keys@db:5432/paravent"}, "KEYS_DATABASE_URL names the main database"),
        ({"owner": "postgresql://keys_owner@db/other"}, "KEYS_MIGRATION_DATABASE_URL must name the database"),
        ({"owner": KEYS}, "another role than KEYS_MIGRATION_DATABASE_URL"),
        ({"service": "postgresql://app@db/keys"}, "another role than DATABASE_URL"),
    ],
)
def test_a_key_database_that_is_none_of_its_own_is_refused(changed: Mapping[str, object], named: str):
    with pytest.raises(SettingsRefused, match=named):
        databases(**changed)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"KEY_PROVIDER": "aws-kms"}, "KEY_KMS_KEY_ID"),
        ({"KEYS_DATABASE_URL": MAIN}, "KEYS_DATABASE_URL"),
        (
            {"KEY_PROVIDER": "aws-kms", "KEY_KMS_KEY_ID": ARN, "AWS_ENDPOINT_URL": "http://kms.internal"},
            "AWS_ENDPOINT_URL",
        ),
    ],
)
def test_no_process_starts_on_them(settings: Mapping[str, str], named: str):
    """Break: call neither function in the settings."""
    production = {"MODE": "production", "PUBLIC_URL": "https://wallet.example", "SECRET_KEY": "x" * 64}
    done = subprocess.run(
        [sys.executable, "-c", "import wallet.settings"], cwd=ROOT, capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"], **production, "DATABASE_URL": MAIN, **settings},
    )  # fmt: skip
    assert done.returncode == 1
    assert f"ImproperlyConfigured: {named}" in done.stderr
