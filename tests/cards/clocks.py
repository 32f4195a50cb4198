"""The sandbox's clock as the owner role moves it (`set_clock`), to a day of one's own choice."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psycopg
from django.conf import settings

#: Noon: nothing that takes minutes crosses midnight. The first of a month: a week stays within it.
FIRST_DAY = datetime(2027, 3, 1, 12, tzinfo=UTC)


class Clock:
    """Moves by whole days, or to a moment."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def set(self, day: int) -> None:
        """Noon of a day, counted from FIRST_DAY; it goes on from there."""
        self.be(FIRST_DAY + timedelta(days=day))

    def be(self, now: datetime) -> None:
        """A moment; it goes on from there."""
        self._connection.execute("UPDATE core_clock SET shift = %s - clock_timestamp()", [now])

    def reset(self) -> None:
        """The real time."""
        self._connection.execute("UPDATE core_clock SET shift = '0'")


@contextmanager
def own_clock() -> Iterator[Clock]:
    """The clock in one's own hands; the real time afterwards."""
    owner = settings.DATABASES["owner"]
    with psycopg.connect(
        dbname=owner["NAME"], user=owner["USER"], password=owner["PASSWORD"],
        host=owner["OPTIONS"].get("host") or owner["HOST"], autocommit=True,
    ) as connection:  # fmt: skip
        clock = Clock(connection)
        try:
            yield clock
        finally:
            clock.reset()
