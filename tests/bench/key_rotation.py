"""A whole rotation of data keys, against decrypting, encrypting and updating the same rows with nothing else around."""

import os
import time
from typing import Any

import psycopg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import connection

from tests.bench.measuring import HotPath

ROWS = int(os.environ.get("BENCH_ROTATION_ROWS", "20000"))
#: Rows of one holder: few holders share a key, many holders need one fetched for every few rows.
ROWS_OF_ONE = {"few": 500, "many": 5}
PAGE = 1000


def _prepare(kind: str) -> None:
    from wallet.activity.models import Line

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM wallet_line")
    for start in range(0, ROWS, PAGE):
        rows = []
        for number in range(start, min(start + PAGE, ROWS)):
            rows.append(
                Line(
                    holder_id=f"holder_{kind}_{number % (ROWS // ROWS_OF_ONE[kind])}", kind="payment", direction="out",
                    amount_minor=1, currency="EUR", status="succeeded", ref=f"ref_{number}",
                    merchant=f"merchant {number}", counterparty=f"somebody {number}",
                )
            )  # fmt: skip
        Line.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE wallet_line")


def rotate() -> float:
    """Everything that `rotate_keys --data` does but the wait for other processes: there are none."""
    from privacy.crypto.rotation.progress import Progress
    from privacy.crypto.rotation.resealing import rotate_data
    from privacy.crypto.rotation.session import Session

    time.sleep(0.6)
    started = time.perf_counter()
    with Session(Progress(lambda line: None), margin=0.51) as session:
        rotate_data(session)
    # Two waits of the margin, which no number of rows makes longer.
    return ROWS / (time.perf_counter() - started - 2 * 0.51)


def raw() -> float:
    """The same rows and sizes with one cipher, in pages of the same size."""
    cipher = AESGCM(os.urandom(32))
    started = time.perf_counter()
    connection.ensure_connection()
    driver: Any = connection.connection
    with psycopg.Cursor(driver) as cursor:
        last, done = "", 0
        while page := cursor.execute(
            "SELECT id, merchant, counterparty FROM wallet_line WHERE id > %s ORDER BY id LIMIT %s",
            [last, PAGE],
            binary=True,
        ).fetchall():
            last, done = page[-1][0], done + len(page)
            columns: list[list[Any]] = [[row[0] for row in page], [], []]
            for row in page:
                for place in (1, 2):
                    # What stands there was sealed by another key: encrypt the same number of bytes, and decrypt those.
                    nonce = row[place][18:30]
                    sealed = cipher.encrypt(nonce, row[place][30:-16], None)
                    cipher.decrypt(nonce, sealed, None)
                    columns[place].append(row[place])
            cursor.execute(
                "UPDATE wallet_line t SET merchant = n.a, counterparty = n.b"
                " FROM unnest(%s::text[], %s::bytea[], %s::bytea[]) AS n (id, a, b) WHERE t.id = n.id", columns,
            )  # fmt: skip
    assert done == ROWS
    return ROWS / (time.perf_counter() - started)


PATHS = [
    HotPath("key_rotation", rotate, raw, prepare=lambda: _prepare("few"), must=0.3),
    HotPath("key_rotation_many_holders", rotate, raw, prepare=lambda: _prepare("many")),
]
