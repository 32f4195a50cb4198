"""What the file and the environment share, and what only the file has."""

import base64
import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from privacy.crypto.aead import DecryptionFailed
from privacy.crypto.providers import (
    EnvironmentProvider,
    FileProvider,
    KeyUnavailable,
    WrappedKey,
    create_key_file,
    provider_from_settings,
)
from privacy.crypto.secret import SecretBytes
from tests.privacy.crypto.parts import InProcesses
from tests.privacy.crypto.places import EnvironmentPlace, FilePlace

CONTEXT = {"kind": "branch", "id": "00ff"}
KEY = SecretBytes(bytes(range(32)))


@pytest.fixture(params=["file", "environment"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> FilePlace | EnvironmentPlace:
    return FilePlace(tmp_path / "kek") if request.param == "file" else EnvironmentPlace(monkeypatch)


def test_a_wrap_does_not_pass_for_another_version_of_the_same_key(place: FilePlace | EnvironmentPlace):
    """Break: leave the KEK's version out of the wrap's associated data."""
    secret = base64.b64encode(bytes(32)).decode()
    place.hold(f"1 {secret}\n2 {secret}\n")
    wrapped = place.provider.wrap(KEY, context=CONTEXT)
    with pytest.raises(DecryptionFailed):
        place.provider.unwrap(WrappedKey("1", wrapped.blob), context=CONTEXT)


@pytest.mark.parametrize("text", ["", "1\n", "1 short==\n", "1 !!!!\n", "1 " + base64.b64encode(bytes(31)).decode()])
def test_an_unreadable_key_is_an_outage_that_does_not_show_it(place: FilePlace | EnvironmentPlace, text: str):
    place.hold(text)
    with pytest.raises(KeyUnavailable) as refused:
        place.provider.health()
    assert "short" not in str(refused.value)


def test_the_first_start_makes_a_private_file_once(tmp_path: Path):
    path = tmp_path / "a folder" / "kek"
    create_key_file(path)
    first = path.read_text()
    create_key_file(path)
    assert path.read_text() == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == ["kek"]
    FileProvider(path).health()


def test_of_two_first_starts_one_key_wins(tmp_path: Path, in_processes: InProcesses):
    """Break: write to `path` itself in `create_key_file`."""

    def start(_number: int) -> str:
        create_key_file(tmp_path / "kek")
        return (tmp_path / "kek").read_text()

    assert len(set(in_processes(8, start))) == 1


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path):
    """Break: delete `_refuse_loose_mode`."""
    create_key_file(tmp_path / "kek")
    (tmp_path / "kek").chmod(0o640)
    with pytest.raises(KeyUnavailable, match="chmod 600"):
        FileProvider(tmp_path / "kek").health()


def test_settings_choose_the_provider(settings: Any):
    assert isinstance(provider_from_settings(), FileProvider)
    settings.KEY_PROVIDER = "environment"
    assert isinstance(provider_from_settings(), EnvironmentProvider)
    settings.KEY_PROVIDER = "paper"
    with pytest.raises(ImproperlyConfigured):
        provider_from_settings()
