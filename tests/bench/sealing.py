"""The sealer beside those who write: how many exposures a second it seals, how far it is behind, and what it costs them."""

import multiprocessing
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.bench.ledger import superuser
from tests.bench.measuring import HotPath

PROCESSES = 4
SECONDS = float(os.environ.get("BENCH_SEALING_SECONDS", "8"))
#: What performance.md asks for.
PACE = 1000
BACKLOG = int(os.environ.get("BENCH_SEALING_BACKLOG", "20000"))
_HOLDERS = 200
_SAMPLE_SECONDS = 0.01
_PATIENCE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Written:
    """What writers did in one run.

    Args:
        count: exposures.
        seconds: from the first to the last.
        lag: the longest time between a commit and its seal.
    """

    count: int
    seconds: float
    lag: float

    @property
    def per_second(self) -> float:
        """Exposures."""
        return self.count / self.seconds


@cache
def _people() -> tuple[str, ...]:
    from wallet.users.models import Holder

    return tuple(Holder.objects.create().pk for _ in range(_HOLDERS))


@cache
def _recipient() -> Any:
    from privacy.exposure import recipients
    from privacy.exposure.models import RecipientKind

    return recipients.register(kind=RecipientKind.MERCHANT, ref=secrets.token_hex(8), name="Bench")


def _made(count: int) -> list[str]:
    """So many disclosures about one person each, sealed under their keys, good for a minute."""
    from privacy.exposure import gate
    from privacy.fields import Basis, Channel, Purpose
    from tests.privacy.exposure.bodies import AskBody, ask
    from wallet.core import clock

    now, people, recipient = clock.now(), _people(), _recipient()
    return [
        gate.prepare(
            recipient=recipient, schema=AskBody, body=ask(payer=None), purpose=Purpose.PAYMENT, basis=Basis.CONTRACT,
            subjects={"payee": people[number % len(people)], "payer": None}, channel=Channel.API, now=now,
        ).parameters
        for number in range(count)
    ]  # fmt: skip


def _writer(start: Any, done: Any, count: int, pace: float) -> None:
    from django.db import connection

    connection.ensure_connection()
    made = _made(count)
    start.wait()
    began, written = time.perf_counter(), 0
    with connection.cursor() as cursor:
        for number, parameters in enumerate(made):
            if pace:
                time.sleep(max(0.0, began + number / pace - time.perf_counter()))
            elif time.perf_counter() - began > SECONDS:
                break
            cursor.execute("SELECT exposure_disclose(%s)", [parameters])
            written += 1
    done.put((written, time.perf_counter() - began))


def _write(*, count: int, pace: float = 0.0) -> Written:
    """`count` exposures by several processes, at `pace` a second all together, or as fast as they can."""
    from django.db import connection

    _people(), _recipient()
    connection.close()
    fork = multiprocessing.get_context("fork")
    start, done = fork.Barrier(PROCESSES + 1), fork.SimpleQueue()
    each = (start, done, count // PROCESSES, pace / PROCESSES)
    writers = [fork.Process(target=_writer, args=each) for _ in range(PROCESSES)]
    for one in writers:
        one.start()
    start.wait()
    with _sampled() as samples:
        told = [done.get() for _ in writers]
        for one in writers:
            one.join()
        if pace:
            _wait_until_sealed()
    total, seconds = sum(number for number, _ in told), max(took for _, took in told)
    return Written(total, seconds, _lag(samples) if pace else 0.0)


# --- The sealer ----------------------------------------------------------------------------------------


def _seal(stop: Any) -> None:
    from privacy.exposure import sealer

    sealer.run(stop.is_set)


@contextmanager
def _sealer() -> Iterator[None]:
    from django.db import connection

    connection.close()
    fork = multiprocessing.get_context("fork")
    stop = fork.Event()
    process = fork.Process(target=_seal, args=(stop,))
    process.start()
    try:
        _wait_until_sealed()
        yield
    finally:
        stop.set()
        process.join()


def _waiting() -> int:
    from privacy.exposure.models import Exposure

    return Exposure.objects.filter(leaf_index=None, is_unsealable=False).count()


def _wait_until_sealed() -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    while _waiting():
        assert time.monotonic() < end, "the sealer has stopped"
        time.sleep(0.02)


@contextmanager
def _sampled() -> Iterator[list[tuple[float, int, int]]]:
    """Time, exposures written, leaves sealed; every ten milliseconds until the block ends."""
    samples: list[tuple[float, int, int]] = []
    is_over = threading.Event()

    def sample() -> None:
        with superuser("paravent") as root:
            statement = "SELECT (SELECT last_value FROM privacy_exposure_seq_seq), size FROM privacy_loghead"
            while not is_over.wait(_SAMPLE_SECONDS):
                written, sealed = root.execute(statement).fetchone() or (0, 0)
                samples.append((time.perf_counter(), int(written), int(sealed)))

    watcher = threading.Thread(target=sample, daemon=True)
    watcher.start()
    try:
        yield samples
    finally:
        is_over.set()
        watcher.join()


def _lag(samples: list[tuple[float, int, int]]) -> float:
    """The longest time until what had been written at a sample was sealed. Everything is sealed at the end."""
    offset = samples[-1][1] - samples[-1][2]
    longest, place = 0.0, 0
    for at, written, _ in samples:
        while samples[place][2] + offset < written:
            place += 1
        longest = max(longest, samples[place][0] - at)
    return longest


# --- What is measured -------------------------------------------------------------------------------------


def _lag_at(pace: int) -> float:
    count = int(pace * SECONDS)
    with _sealer():
        before = _size()
        done = _write(count=count, pace=pace)
        assert _size() - before == done.count == count, "each is sealed once, and none is passed over"
    assert done.per_second > 0.95 * pace, f"the writers came to {done.per_second:.0f} a second alone"
    return 1 / done.lag


def _size() -> int:
    from privacy.exposure import tree

    return tree.head().size


def _catch_up() -> float:
    from privacy.exposure import sealer

    _write(count=BACKLOG)
    began, waiting = time.perf_counter(), _waiting()
    assert sealer.seal_all() == waiting
    return waiting / (time.perf_counter() - began)


def _beside(*, is_sealing: bool) -> float:
    from privacy.exposure import sealer

    count = int(PACE * 4 * SECONDS)
    if not is_sealing:
        done = _write(count=count)
        sealer.seal_all()
        return done.per_second
    with _sealer():
        return _write(count=count).per_second


PATHS = [
    # A second for the longest lag, written as the time of one operation.
    HotPath("sealing_lag_at_1000", lambda: _lag_at(PACE), lambda: _lag_at(PACE // 10), must_microseconds=1_000_000),
    HotPath("sealing_backlog", _catch_up, lambda: float(PACE), must=1.0),
    HotPath("sealing_beside_writers", lambda: _beside(is_sealing=True), lambda: _beside(is_sealing=False)),
]
