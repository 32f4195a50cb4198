"""The programme's accounts are brought up to date from their transfers, so that their balances stay quick to read."""

from django.db import connection

from wallet.core.transactions import owns_transaction

#: Transfers in one transaction: some tenths of a second.
PAGE = 20_000


def roll_up(*, pages: int = 100) -> int:
    """Take in what has been posted since the last time, page by page; how many transfers. Safe to run twice at once.

    Balances are exact before, during and after it: this only makes the tail short that they add up.

    Raises:
        django.db.DatabaseError: PV010, the database was loaded into a cluster whose transaction counter is behind.
    """
    total = 0
    for _ in range(pages):
        taken = _roll_up_page()
        total += taken
        if taken < PAGE:
            break
    return total


@owns_transaction
def _roll_up_page() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_roll_up(%s)", [PAGE])
        return int(cursor.fetchone()[0])
