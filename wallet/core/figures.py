"""What an operator watches: each room registers its figures, and `/metrics` shows them all.

A source reads the truth, so every process says the same: `[(name, meaning, value)]`.
"""

from collections.abc import Callable, Iterator

Source = Callable[[], list[tuple[str, str, int]]]
_SOURCES: dict[str, Source] = {}


def source(prefix: str) -> Callable[[Source], Source]:
    """Register the figures of one thing, such as `outbox`."""

    def register(function: Source) -> Source:
        if prefix in _SOURCES and _SOURCES[prefix].__qualname__ != function.__qualname__:
            raise ValueError(f"two sources of {prefix}")
        _SOURCES[prefix] = function
        return function

    return register


def read() -> Iterator[tuple[str, str, int]]:
    """Every figure under its full name, such as `outbox_waiting`."""
    for prefix, function in sorted(_SOURCES.items()):
        for name, meaning, value in function():
            yield f"{prefix}_{name}", meaning, value
