"""The database's clock, moved as `manage.py set_clock` moves it: for this process's database, and back afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg

from tests.environment import DATABASE, URLS


@contextmanager
def clock_moved(by: timedelta) -> Iterator[None]:
    """It is so much later for everybody."""
    with psycopg.connect(URLS["owner"].replace("{db}", DATABASE), autocommit=True) as owner:
        owner.execute("UPDATE core_clock SET shift = %s", [by])
        try:
            yield
        finally:
            owner.execute("UPDATE core_clock SET shift = '0'")
