"""A real serialization failure or deadlock at the n-th statement of a transaction (L11).

The server itself raises the SQLSTATE, so the transaction is really lost and the driver's error is the real one. Only
statements inside a transaction count, and those that are one: a query that stands alone has nothing to lose, and
PostgreSQL raises neither there.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection

#: The two statements of an authorization, and a posting: outside a transaction, each is one.
_TRANSACTIONS = ("cards_snapshot(", "cards_place(", "ledger_post(")


@dataclass
class Injection:
    """Fails at statement `at`, counted from 1 over all tries, so often in a row."""

    state: str
    at: int
    times: int = 1
    seen: int = 0
    raised: int = 0

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: Any, context: Any) -> Any:
        if connection.in_atomic_block or any(one in str(sql) for one in _TRANSACTIONS):
            self.seen += 1
            if self.seen >= self.at and self.raised < self.times:
                self.raised += 1
                fault = f"DO $$ BEGIN RAISE EXCEPTION 'injected' USING ERRCODE = '{self.state}'; END $$"
                return execute(fault, None, many, context)
        return execute(sql, params, many, context)


@contextmanager
def injected(state: str, *, at: int, times: int = 1) -> Iterator[Injection]:
    """Around a call; `raised` says whether it came to that statement."""
    injection = Injection(state, at, times)
    with connection.execute_wrapper(injection):
        yield injection


def at_every_statement(act: Callable[[], Iterator[None]], *, most: int = 120) -> int:
    """Run `act` with a failure at its first statement, at its second, and so on, until it has no more; how many it has.

    `act` prepares, yields, does what is to be retried, yields, and checks. The two states take turns.
    """
    for at in range(1, most):
        turn = act()
        next(turn)
        with injected("40001" if at % 2 else "40P01", at=at) as injection:
            next(turn)
        assert next(turn, None) is None
        if not injection.raised:
            return at - 1
    raise AssertionError("it never ends")
