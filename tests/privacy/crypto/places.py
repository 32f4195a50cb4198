"""Where each provider's keys are kept: the hand of an operator, the same for all three."""

import base64
import os
from abc import ABC, abstractmethod
from pathlib import Path

import pytest

from privacy.crypto.providers import (
    ENVIRONMENT_VARIABLE,
    AwsKmsProvider,
    EnvironmentProvider,
    FileProvider,
    KeyProvider,
)
from tests.support.kms import Kms


class Place(ABC):
    """It starts with one key-encryption key."""

    provider: KeyProvider

    @abstractmethod
    def add_key(self) -> None:
        """Another key, which wraps from now on."""

    @abstractmethod
    def take_oldest_away(self) -> None:
        """The first key is gone."""

    @abstractmethod
    def lose(self) -> None:
        """Nothing answers."""

    @abstractmethod
    def find(self) -> None:
        """It answers again."""


class _Lines(Place):
    """Lines of a version and a key."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.add_key()

    def add_key(self) -> None:
        version = int(self.lines[-1].split()[0]) + 1 if self.lines else 1
        self.lines.append(f"{version} {base64.b64encode(os.urandom(32)).decode()}")
        self.find()

    def take_oldest_away(self) -> None:
        del self.lines[0]
        self.find()

    def find(self) -> None:
        self.hold("\n".join(self.lines) + "\n")

    @abstractmethod
    def hold(self, text: str) -> None:
        """Put this there."""


class FilePlace(_Lines):
    """A file of mode 0600."""

    def __init__(self, path: Path) -> None:
        self.path, self.provider = path, FileProvider(path)
        super().__init__()

    def hold(self, text: str) -> None:
        self.path.write_text(text)
        self.path.chmod(0o600)

    def lose(self) -> None:
        self.path.unlink()


class EnvironmentPlace(_Lines):
    """A variable with commas and colons."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch, self.provider = monkeypatch, EnvironmentProvider()
        super().__init__()

    def hold(self, text: str) -> None:
        self.monkeypatch.setenv(ENVIRONMENT_VARIABLE, text.strip().replace("\n", ",").replace(" ", ":"))

    def lose(self) -> None:
        self.monkeypatch.delenv(ENVIRONMENT_VARIABLE)


class KmsPlace(Place):
    """Keys at AWS, and the setting that names them: a change of it is a restart."""

    def __init__(self, kms: Kms) -> None:
        self.kms = kms
        self.arns: list[str] = []
        self.add_key()

    def add_key(self) -> None:
        self.arns.append(self.kms.make_key())
        self._restart()

    def take_oldest_away(self) -> None:
        del self.arns[0]
        self._restart()

    def lose(self) -> None:
        self.kms.go_down()

    def find(self) -> None:
        self.kms.come_up()

    def _restart(self) -> None:
        self.provider = AwsKmsProvider(self.arns, endpoint_url=self.kms.url)
