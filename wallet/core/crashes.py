"""What may be said of an exception: its class, where it came from, and no word of its message.

A message quotes values: PostgreSQL's DETAIL names the duplicate key, a parser repeats its input. Only messages about
the installation itself are kept, for whoever must mend it. Imports nothing of Django: a failing start is told so too.
"""

import contextlib
import sys
import threading
import traceback
from collections.abc import Iterator
from types import TracebackType

from wallet.core.scrubbing import scrub_text

#: Exceptions that speak of settings, programs and files, never of people; by name, so that nothing is imported.
_ABOUT_THE_INSTALLATION = frozenset(
    {"CommandError", "ImproperlyConfigured", "EnvironmentInvalid", "EmbeddedError", "KeyUnavailable", "ImportError",
     "ModuleNotFoundError"}
)  # fmt: skip
#: SQLSTATE classes whose primary message names roles, tables, columns, limits or the server's state: connection,
#: authorization, catalogue, syntax and access, resources, limits, prerequisites, operator, system.
_ABOUT_THE_SERVER = frozenset({"08", "28", "3D", "3F", "42", "53", "54", "55", "57", "58"})
_FRAMES = 12


def name_of(error: BaseException) -> str:
    """The class."""
    return type(error).__qualname__


def facts_of(error: BaseException) -> dict[str, str]:
    """What the database said that is no value: SQLSTATE and constraint, of the error or of what caused it."""
    for one in chain(error):
        if sqlstate := getattr(one, "sqlstate", None):
            constraint = getattr(getattr(one, "diag", None), "constraint_name", None)
            return {"sqlstate": sqlstate} | ({"constraint": constraint} if constraint else {})
    return {}


def frames_of(trace: TracebackType | None) -> list[str]:
    """The last places that the exception came through, the innermost last."""
    frames = []
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return frames[-_FRAMES:]


def chain(error: BaseException) -> Iterator[BaseException]:
    """The exception, what caused it, and so on."""
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        hidden = following.__suppress_context__
        following = following.__cause__ or (None if hidden else following.__context__)


def text_of(error: BaseException) -> str:
    """A traceback with source lines and without messages or locals, the cause first as Python does."""
    return "".join(
        "".join(["Traceback (most recent call last):\n", *traceback.format_tb(one.__traceback__), _headline(one)])
        for one in reversed(list(chain(error)))
    )


def report(error: BaseException) -> None:
    """Write an exception to the process's own standard error."""
    stream = sys.__stderr__ or sys.stderr
    with contextlib.suppress(OSError, ValueError):
        stream.write(text_of(error))
        stream.flush()


def take_over_hooks() -> None:
    """From now on nothing that crashes this process, a thread or a finaliser prints a message."""
    sys.excepthook = lambda _kind, error, _trace: report(error)
    threading.excepthook = _report_thread
    sys.unraisablehook = _report_unraisable


def _headline(error: BaseException) -> str:
    facts = facts_of(error) if getattr(error, "sqlstate", None) else {}
    name = " ".join([name_of(error), *(f"{fact}={value}" for fact, value in facts.items())])
    message = _said(error)
    return f"{name}: {_one_line(message)}\n" if message else f"{name} (message withheld)\n"


def _said(error: BaseException) -> str:
    """The message, where it speaks of the installation."""
    if any(kind.__name__ in _ABOUT_THE_INSTALLATION for kind in type(error).__mro__):
        return scrub_text(str(error))
    if isinstance(error, OSError):
        return error.strerror or ""
    if (getattr(error, "sqlstate", None) or "")[:2] in _ABOUT_THE_SERVER:
        return scrub_text(getattr(getattr(error, "diag", None), "message_primary", None) or "")
    return ""


def _one_line(text: str) -> str:
    """Control characters are shown, not obeyed: a message cannot forge a line of the log."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def _report_thread(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_value is not None and not isinstance(failed.exc_value, SystemExit):
        report(failed.exc_value)


def _report_unraisable(failed: "sys.UnraisableHookArgs") -> None:
    if failed.exc_value is not None:
        report(failed.exc_value)
