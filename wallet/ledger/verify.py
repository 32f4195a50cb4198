"""Whether the ledger agrees with itself."""

from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True, slots=True)
class Difference:
    """One promise that does not hold, and for what."""

    promise: str
    subject: str
    expected: int
    found: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """All differences (none is green), and how much was looked at."""

    differences: list[Difference]
    accounts: int
    transfers: int
    holds: int

    @property
    def is_green(self) -> bool:
        """Nothing differs."""
        return not self.differences


def verify() -> Verdict:
    """Compare everything that the ledger says twice; one statement, so one moment, also while money moves."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT promise, subject, expected, found FROM ledger_differences()"
            " UNION ALL SELECT promise, subject, expected, found FROM ledger_order_differences() ORDER BY 1, 2"
        )
        differences = [Difference(*row) for row in cursor.fetchall()]
        cursor.execute(
            "SELECT (SELECT count(*) FROM wallet_account), (SELECT count(*) FROM wallet_transfer),"
            " (SELECT count(*) FROM wallet_hold)"
        )
        accounts, transfers, holds = cursor.fetchone()
    return Verdict(differences, accounts, transfers, holds)


def estimate() -> int:
    """About how many transfers there are, without reading them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'wallet_transfer'::regclass")
        return int(cursor.fetchone()[0])
