"""The chat's own memory, in one SQLite file: people, messages, what was received."""

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from demo.config import config

_TABLES = """
CREATE TABLE IF NOT EXISTS person (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, link TEXT, access_token TEXT, refresh_token TEXT, verifier TEXT, state TEXT
);
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY, thread TEXT NOT NULL, sender TEXT NOT NULL, text TEXT NOT NULL, at REAL NOT NULL,
    request TEXT, payer TEXT, status TEXT, pay_url TEXT, approve_url TEXT, amount TEXT
);
CREATE INDEX IF NOT EXISTS message_of_thread ON message (thread, id);
CREATE INDEX IF NOT EXISTS message_of_request ON message (request);
CREATE TABLE IF NOT EXISTS received (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, what TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY);
"""

FRIEND = "friend"


class Store:
    """Short statements under one lock: a chat of one person and a friend needs no more."""

    def __init__(self, path: str) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.executescript(_TABLES)

    @contextmanager
    def _cursor(self) -> Iterator[sqlite3.Cursor]:
        with self._lock:
            cursor = self._connection.cursor()
            try:
                yield cursor
            finally:
                cursor.close()

    def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """All rows of a query."""
        with self._cursor() as cursor:
            return [dict(row) for row in cursor.execute(statement, values)]

    def row(self, statement: str, *values: Any) -> dict[str, Any] | None:
        """The first row of a query."""
        found = self.rows(statement, *values)
        return found[0] if found else None

    def run(self, statement: str, *values: Any) -> int:
        """Run a statement; the id of a row that it made."""
        with self._cursor() as cursor:
            cursor.execute(statement, values)
            return int(cursor.lastrowid or 0)

    # --- people -----------------------------------------------------------------------------------

    def person(self, person_id: str) -> dict[str, Any] | None:
        """One person."""
        return self.row("SELECT * FROM person WHERE id = ?", person_id)

    def new_person(self, name: str) -> str:
        """Somebody new in this browser."""
        person_id = secrets.token_urlsafe(18)
        self.run("INSERT INTO person (id, name) VALUES (?, ?)", person_id, name)
        return person_id

    def keep_tokens(self, person_id: str, tokens: dict[str, Any]) -> None:
        """The handle and tokens of somebody who linked their wallet."""
        self.run(
            "UPDATE person SET link = COALESCE(?, link), access_token = ?, refresh_token = ? WHERE id = ?",
            tokens.get("link"), tokens["access_token"], tokens.get("refresh_token"), person_id,
        )  # fmt: skip

    def unlink(self, person_id: str) -> None:
        """The link has ended: the handle and its tokens are of no use any more."""
        self.run("UPDATE person SET link = NULL, access_token = NULL, refresh_token = NULL WHERE id = ?", person_id)

    # --- messages ---------------------------------------------------------------------------------

    def say(self, thread: str, sender: str, text: str) -> int:
        """A message, kept; a thread is somebody's id, and with a room's name behind it that room of theirs."""
        return self.run(
            "INSERT INTO message (thread, sender, text, at) VALUES (?, ?, ?, ?)", thread, sender, text, time.time()
        )

    def messages(self, thread: str) -> list[dict[str, Any]]:
        """A thread, oldest first."""
        return self.rows("SELECT * FROM message WHERE thread = ? ORDER BY id", thread)

    def grow_button(self, message_id: int, request: dict[str, Any], payer: str) -> None:
        """The message has become a payment request."""
        self.run(
            "UPDATE message SET request = ?, payer = ?, status = ?, pay_url = ?, amount = ? WHERE id = ?",
            request["id"], payer, request["status"], request["pay_url"], json.dumps(request["amount"]), message_id,
        )  # fmt: skip

    def settle(self, request_id: str, status: str, approve_url: str | None = None) -> None:
        """What became of a request."""
        self.run("UPDATE message SET status = ?, approve_url = ? WHERE request = ?", status, approve_url, request_id)

    # --- what was received ------------------------------------------------------------------------

    def receive(self, what: str, status: int, body: str) -> None:
        """Everything that the wallet ever sent here."""
        self.run("INSERT INTO received (at, what, status, body) VALUES (?, ?, ?, ?)", time.time(), what, status, body)

    def received(self) -> list[dict[str, Any]]:
        """Newest first."""
        return self.rows("SELECT * FROM received ORDER BY id DESC LIMIT 200")

    def setting(self, name: str) -> str | None:
        """A value kept over restarts."""
        found = self.row("SELECT value FROM setting WHERE name = ?", name)
        return found["value"] if found else None

    def keep(self, name: str, value: str) -> None:
        """Keep a value."""
        self.run("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", name, value)

    def is_new_event(self, event_id: str) -> bool:
        """Whether this event is told for the first time."""
        with self._cursor() as cursor:
            cursor.execute("INSERT OR IGNORE INTO event (id) VALUES (?)", (event_id,))
            return cursor.rowcount == 1


@cache
def store() -> Store:
    """The one store, with the friend in it."""
    given = config()
    given.data.mkdir(parents=True, exist_ok=True)
    opened = Store(str(given.data / f"chat-{given.client_id[:8]}.sqlite3"))
    opened.run("INSERT OR IGNORE INTO person (id, name) VALUES (?, ?)", FRIEND, str(given.friend["username"]).title())
    friend = opened.person(FRIEND)
    if friend is not None and friend["link"] != given.friend["link"]:
        opened.keep_tokens(FRIEND, given.friend)
    return opened
