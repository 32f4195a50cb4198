"""Who owns a transaction, who needs one, and what is tried again.

Money services own theirs; what they call needs it. A serialization failure (40001) or a deadlock (40P01) is tried again
at most three times with jitter; nothing else is.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from django.db import OperationalError, connection, transaction

P = ParamSpec("P")
T = TypeVar("T")

_RETRIES = 3
_RETRYABLE = frozenset({"40001", "40P01"})


class TransactionMissing(Exception):
    """A function that writes with others was called outside a transaction: a defect, never a refusal."""


class TransactionOpen(Exception):
    """A call that leaves the machine was made inside a transaction: a defect, never a refusal."""


def owns_transaction(function: Callable[P, T]) -> Callable[P, T]:
    """Run the function in a transaction of its own, or in the caller's; the outermost one retries 40001 and 40P01.

    A function that is one statement (`single_statement`) needs no BEGIN and no COMMIT: its statement is a transaction.
    """
    alone: Callable[P, T] | None = getattr(function, "alone", None)

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        if connection.in_atomic_block:
            with transaction.atomic():
                return function(*args, **kwargs)
        for attempt in range(_RETRIES + 1):
            try:
                if alone is not None:
                    return alone(*args, **kwargs)
                with transaction.atomic():
                    return function(*args, **kwargs)
            except OperationalError as error:
                if attempt == _RETRIES or sqlstate(error) not in _RETRYABLE:
                    raise
                time.sleep(random.uniform(0.005, 0.02) * (attempt + 1))  # noqa: S311 - jitter, no secret
        raise AssertionError("unreachable")

    return run


@contextmanager
def one_statement() -> Iterator[Any]:
    """A prepared cursor for one statement that is a transaction of its own, or a part of the caller's.

    Its failure leaves nothing, and the caller's transaction as it was.
    """
    with transaction.atomic() if connection.in_atomic_block else nullcontext(), prepared_cursor() as cursor:
        yield cursor


def prepared_cursor() -> Any:
    """A cursor for a statement that is sent often: see `wallet.core.postgresql`."""
    driver: Any = connection
    return driver.prepared_cursor()


def needs_transaction(function: Callable[P, T]) -> Callable[P, T]:
    """Refuse to run outside a transaction: this write belongs to a larger one."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        if not connection.in_atomic_block:
            raise TransactionMissing(function.__qualname__)
        return function(*args, **kwargs)

    return run


def single_statement(function: Callable[P, T]) -> Callable[P, T]:
    """`needs_transaction`, for a function that sends one statement: `owns_transaction` lets that be the transaction."""
    guarded: Any = needs_transaction(function)
    guarded.alone = function
    return cast("Callable[P, T]", guarded)


def refuse_open_transaction(what: str) -> None:
    """Called by every adapter before it calls out: record, call, record are three steps, never one (house.md)."""
    if connection.in_atomic_block:
        raise TransactionOpen(what)


def sqlstate(error: BaseException) -> str:
    """The five-character code of a database error, or "" when it has none."""
    cause = error.__cause__
    return str(getattr(cause, "sqlstate", None) or "")
