"""What the test holds in its hand: a clock, a provider with a switch, and the types of the fixtures."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from privacy.crypto.providers import FileProvider, KeyUnavailable, WrappedKey
from privacy.crypto.secret import SecretBytes

#: A fresh holder id for a name of the cast.
NewHolder = Callable[[str], str]
#: Run work in so many processes; what each returned.
InProcesses = Callable[[int, Callable[[int], Any]], list[Any]]


class Clock:
    """A monotonic clock that the test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class SwitchedProvider:
    """The file provider with a switch, and a count of what it was asked."""

    def __init__(self) -> None:
        self.inner = FileProvider(Path(settings.KEY_FILE))
        self.is_down = False
        self.calls = 0

    def wrap(self, key: SecretBytes, *, context: Mapping[str, str]) -> WrappedKey:
        self._answer()
        return self.inner.wrap(key, context=context)

    def unwrap(self, wrapped: WrappedKey, *, context: Mapping[str, str]) -> SecretBytes:
        self._answer()
        return self.inner.unwrap(wrapped, context=context)

    def health(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.calls += 1
        if self.is_down:
            raise KeyUnavailable("switched off")
