"""Time that matters comes from the database: `core_now()`, its clock plus the sandbox's offset (settled.md 25)."""

from datetime import datetime

from django.db import connection, connections


def now() -> datetime:
    """The database's time, aware, in UTC; one round trip."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT core_now()")
        (value,) = cursor.fetchone()
    assert isinstance(value, datetime)  # for the type checker
    return value


def real() -> datetime:
    """The database server's own time, which no sandbox moves: for what the OAuth toolkit reckons in real seconds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (value,) = cursor.fetchone()
    assert isinstance(value, datetime)  # for the type checker
    return value


def is_moved(using: str = "default") -> bool:
    """Whether a sandbox has moved this database's clock; production does not run on such a one."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM core_clock WHERE shift <> interval '0')")
        return bool(cursor.fetchone()[0])
