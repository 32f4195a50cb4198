"""A number and its code as values: whatever would show one refuses (standard.md C14, the type's part)."""

import contextlib
import copy
import dataclasses
import io
import json
import logging
import marshal
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import orjson
import pytest
import structlog

from cards.issuing.number_views import NumberShown
from cards.issuing.numbers import Presented
from cards.vault.numbers import Revealed
from cards.vault.pan import Pan, PanUnreadable
from privacy.crypto.secret import Secret, SecretExposed

NUMBER, CODE = "9999001234567898", "737"
PAN = Pan(NUMBER)
HELD: list[Any] = [
    PAN, Revealed(PAN, "2029-05", Secret(CODE)), Presented(PAN, "2029-05", Secret(CODE)), [PAN], {"pan": PAN}, (PAN,),
]  # fmt: skip
LEAKS: list[Callable[[Any], object]] = [
    str, format, "{}".format, "{!s}".format, lambda pan: f"{pan}", lambda pan: f"{pan:>40}", lambda pan: "%s" % pan,  # noqa: UP031 - this is what is tested
    lambda pan: "" + pan, "".join, json.dumps, orjson.dumps, pickle.dumps, copy.copy, copy.deepcopy,
    marshal.dumps, bytes, int, list, len, iter, hash, vars, lambda pan: {pan}, lambda pan: pan[:4],
    lambda pan: pan.__reduce__(), lambda pan: pan.__getstate__(), lambda pan: structlog.processors.JSONRenderer(str)(None, "", {"pan": pan}),
]  # fmt: skip


@pytest.mark.parametrize("leak", LEAKS)
def test_a_number_refuses_whatever_would_show_it(leak: Callable[[Any], object]) -> None:
    """Break: take a refusal out of `_Unprintable`."""
    with pytest.raises((TypeError, ValueError)) as refused:
        leak(PAN)
    assert NUMBER not in str(refused.value)


@pytest.mark.parametrize("held", HELD)
def test_what_holds_a_number_shows_none_of_it(held: Any) -> None:
    """Break: `__repr__` that shows the value."""
    for shown in (repr(held), f"{held!r}", "%r" % (held,)):  # noqa: UP031 - this is what is tested
        assert NUMBER[:6] not in shown
        assert CODE not in shown
    for refuses in (pickle.dumps, copy.deepcopy):
        with pytest.raises(SecretExposed):
            refuses(held)
    if dataclasses.is_dataclass(held):
        with pytest.raises(SecretExposed):
            dataclasses.asdict(held)  # type: ignore[arg-type]


def test_a_number_on_its_page_is_not_in_the_pages_own_words_for_it() -> None:
    """Error reports print what templates were given. Break: `repr=False` away in NumberShown."""
    shown = NumberShown([NUMBER[one : one + 4] for one in range(0, 16, 4)], "05/29", CODE, 30)
    assert NUMBER[:4] not in repr(shown)
    assert CODE not in repr(shown)


def test_a_log_gets_none_of_it(caplog: pytest.LogCaptureFixture) -> None:
    """Standard library and structlog. Break: `__str__` that gives the value."""
    log = logging.getLogger("test")
    with pytest.raises(SecretExposed):
        log.warning("seen %s", PAN)
    log.warning("seen %r of %r", PAN, HELD)
    stream = io.StringIO()
    for renderer in (structlog.processors.JSONRenderer(), structlog.dev.ConsoleRenderer(colors=False)):
        logger = structlog.wrap_logger(structlog.PrintLogger(stream), processors=[renderer])
        # Whether a renderer is refused or writes stars is its own; what it writes is looked at below.
        with contextlib.suppress(SecretExposed):
            logger.warning("seen", pan=PAN, held=HELD[1])
    assert "***" in caplog.text + stream.getvalue()
    assert NUMBER not in caplog.text + stream.getvalue()
    assert CODE not in caplog.text + stream.getvalue()


def _fail_with(kept: Any) -> float:
    copied = [kept, {"again": kept}]
    return 1 / 0 if copied else 0


def test_a_traceback_with_locals_shows_none_of_it() -> None:
    """Break: `__repr__` that shows the value."""
    for held in HELD:
        with pytest.raises(ZeroDivisionError) as failed:
            _fail_with(held)
        assert _formatted(failed.value).count("***") > 0
        assert NUMBER not in _formatted(failed.value)


def test_a_number_that_cannot_be_read_stays_in_no_frame_of_ours() -> None:
    """Break: take `forgets_locals` off `Pan.__init__`."""
    with pytest.raises(PanUnreadable) as refused:
        Pan("9999001234567898" + "x")
    ours = list(traceback.TracebackException.from_exception(refused.value, capture_locals=True).stack)
    assert "cards/vault/pan.py" in ours[-1].filename
    assert NUMBER not in str(ours[-1].locals)
    assert NUMBER not in str(refused.value)


def _formatted(error: BaseException) -> str:
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
