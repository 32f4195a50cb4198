"""The last net of the logs: card numbers and secrets never reach a line."""

import io
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import structlog
from django.db import IntegrityError, transaction
from django.test import RequestFactory
from django.views.debug import get_exception_reporter_class
from structlog.stdlib import ProcessorFormatter

from cards.vault.models import TokenDomain

pytestmark = pytest.mark.django_db


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the process writes to its log."""
    handler = next(h for h in logging.getLogger().handlers if isinstance(h.formatter, ProcessorFormatter))
    stream = handler.setStream(written := io.StringIO())  # type: ignore[attr-defined]
    yield written
    handler.setStream(stream)  # type: ignore[attr-defined]


def test_an_exception_is_named_without_its_message(lines: io.StringIO) -> None:
    try:
        raise ValueError("alice lives at 4242424242424242")
    except ValueError as error:
        structlog.get_logger("wallet.test").error("core.test.failed", exc_info=error)
        logging.getLogger("some.library").exception("it broke")
    written = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [line["exception"] for line in written] == ["ValueError", "ValueError"]
    assert "alice" not in lines.getvalue()


def test_values_under_forbidden_names_are_withheld(lines: io.StringIO) -> None:
    structlog.get_logger("wallet.test").error("core.test.event", note="rent for bob", holder="holder_x")
    assert "rent for bob" not in lines.getvalue()
    assert "holder_x" in lines.getvalue()


def test_a_line_of_a_library_keeps_its_place_and_loses_its_words(lines: io.StringIO) -> None:
    """Also of a logger below the one that somebody thought of. Break: keep a record's message."""
    logging.getLogger("oauthlib.oauth2.rfc6749.endpoints").warning("no client for %s", "alice-secret")
    logging.getLogger("django.request").error("Internal Server Error: /pay/alice-secret")
    written = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [line["event"] for line in written] == [
        "oauthlib.oauth2.rfc6749.endpoints.warning", "django.request.error",
    ]  # fmt: skip
    assert all(line["place"].startswith("test_logs.py:") for line in written)
    assert "alice-secret" not in lines.getvalue()


def test_a_warning_keeps_its_class_and_place(lines: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.getLogger("py.warnings").warning(
            "%s", warnings.formatwarning("rent for bob", RuntimeWarning, "/srv/wallet/limits/windows.py", 7)
        )
    line = json.loads(lines.getvalue())
    assert (line["category"], line["place"]) == ("RuntimeWarning", "windows.py:7")
    assert "bob" not in lines.getvalue()


def test_a_line_that_cannot_be_made_prints_no_argument(lines: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    """Logging's own answer is a traceback with the arguments. Break: inherit `handleError`."""
    handler = next(one for one in logging.getLogger().handlers if isinstance(one.formatter, ProcessorFormatter))
    handler.handle(logging.makeLogRecord({"name": "wallet.test", "msg": "two %s %s", "args": ("rent for bob",)}))
    streams = capsys.readouterr()
    assert "core.logs.line_lost" in lines.getvalue()
    assert "bob" not in lines.getvalue() + streams.out + streams.err


def test_a_line_that_finds_no_room_is_lost_and_nothing_else() -> None:
    """On a full disk a payment fails by its own reasons. Break: let `handleError` write again whatever the error is."""
    handler = next(one for one in logging.getLogger().handlers if isinstance(one.formatter, ProcessorFormatter))
    full = Path("/dev/full").open("w")  # noqa: SIM115 - closing it fails too
    before, handler.stream = handler.stream, full  # type: ignore[attr-defined]
    try:
        logging.getLogger("wallet.test").warning("nothing to see")
    finally:
        handler.stream = before  # type: ignore[attr-defined]
        with suppress(OSError):
            full.close()


def test_nobody_forges_a_line(lines: io.StringIO) -> None:
    """standard.md O08. Break: render `key=value` instead of JSON."""
    forged = 'x\r\n{"event": "wallet.ledger.balanced"}\x1b[2K\u2028\x85'
    structlog.get_logger("wallet.test").error("core.test.event", reference=forged, **{forged: forged})
    logging.getLogger("_granian").error("%s", forged)
    assert len(lines.getvalue().splitlines()) == 2
    assert all(json.loads(line)["event"] != "wallet.ledger.balanced" for line in lines.getvalue().splitlines())
    assert not set(lines.getvalue()) & set("\r\x1b\u2028\x85")


def test_a_database_error_is_told_by_its_state_and_constraint(lines: io.StringIO) -> None:
    """Psycopg quotes the key: "Key (username)=(alice) already exists". Break: log the exception's text."""
    for _twice in range(2):
        try:
            with transaction.atomic():
                TokenDomain.objects.create(ref="link_q7Zt0", name="Parlour", merchants=[])
        except IntegrityError as error:
            structlog.get_logger("wallet.test").error("core.test.failed", exc_info=error)
    (line,) = map(json.loads, lines.getvalue().splitlines())
    assert (line["exception"], line["sqlstate"]) == ("IntegrityError", "23505")
    assert line["constraint"] == "cards_tokendomain_pkey"
    assert "q7Zt0" not in lines.getvalue()


def test_no_logger_has_a_handler_of_its_own() -> None:
    """Django's would mail settings, cookies and forms. Break: leave the logger `django` out of the configuration."""
    loggers = [one for one in logging.Logger.manager.loggerDict.values() if isinstance(one, logging.Logger)]
    assert [one.name for one in loggers if any(not isinstance(h, logging.NullHandler) for h in one.handlers)] == []


def test_an_error_report_of_django_holds_frames_only(rf: RequestFactory) -> None:
    """Break: Django's own reporter."""
    request = rf.post("/pay", {"pan": "4111111111111111", "note": "rent for bob"}, HTTP_COOKIE="session=q7Zt0")
    password = "hunter-q7Zt0"
    try:
        raise ValueError(password)
    except ValueError as error:
        reporter = get_exception_reporter_class(request)(request, type(error), error, error.__traceback__)
    for report in (reporter.get_traceback_text(), reporter.get_traceback_html()):
        assert "raise ValueError(password)" in report
        assert not any(word in report for word in ("q7Zt0", "411111", "bob", "SECRET_KEY"))
