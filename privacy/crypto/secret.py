"""Values that cannot be printed, formatted, serialised or hashed by accident, and exceptions that take none along."""

import functools
import hmac
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Generic, NoReturn, ParamSpec, TypeVar

T = TypeVar("T", str, bytes)
P = ParamSpec("P")
R = TypeVar("R")


class SecretExposed(TypeError):
    """Something tried to print, format, copy or serialise a secret; take it out with `.reveal()` where it is used."""


class _Unprintable(Generic[T]):
    """Holds one value; only `reveal()` gives it out.

    `repr` stays harmless and does not raise, because tracebacks, debuggers and failing tests call it.
    """

    __slots__ = ("__value",)

    def __init__(self, value: T) -> None:
        self.__value: T = value

    def reveal(self) -> T:
        """The value itself: name it nowhere, pass it straight on."""
        return self.__value

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"

    def __str__(self) -> NoReturn:
        raise SecretExposed(f"{type(self).__name__} cannot be printed")

    def __format__(self, spec: str, /) -> NoReturn:
        raise SecretExposed(f"{type(self).__name__} cannot be formatted")

    def __reduce_ex__(self, protocol: object, /) -> NoReturn:
        raise SecretExposed(f"{type(self).__name__} cannot be pickled or copied")

    def __getstate__(self) -> NoReturn:
        raise SecretExposed(f"{type(self).__name__} cannot be pickled or copied")

    def __eq__(self, other: object) -> bool:
        """Compare in constant time, and only with its own kind."""
        if type(other) is not type(self) or not isinstance(other, _Unprintable):
            return NotImplemented
        return hmac.compare_digest(_as_bytes(self.reveal()), _as_bytes(other.reveal()))

    # A hash would be a fingerprint, and put secrets into sets and keys of dictionaries.
    __hash__ = None  # type: ignore[assignment]


class Secret(_Unprintable[str]):
    """A secret text, such as a card number or a token."""

    __slots__ = ()


class SecretBytes(_Unprintable[bytes]):
    """Secret bytes, such as a key."""

    __slots__ = ()


def _as_bytes(value: str | bytes) -> bytes:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value


def forgets_locals(door: Callable[P, R]) -> Callable[P, R]:
    """A door behind which clear values live: an exception that leaves through it takes no local variable along.

    Error reports and debuggers read the locals of a traceback's frames, and plain `bytes` and `str` stand open there
    (standard.md C14). Places and classes stay. Costs nothing until something is raised.
    """

    @functools.wraps(door)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        outside = sys.exception()
        try:
            return door(*args, **kwargs)
        except BaseException as error:
            del args, kwargs
            for one in _with_causes(error, outside):
                traceback.clear_frames(one.__traceback__)
            raise

    return guarded


def _with_causes(error: BaseException, outside: BaseException | None) -> Iterator[BaseException]:
    """The exception and those behind it, up to what its caller was handling already."""
    waiting, seen = [error], {id(outside)}
    while waiting:
        one = waiting.pop()
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [cause for cause in (one.__cause__, one.__context__) if cause is not None]
