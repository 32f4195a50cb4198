"""Structured logs: one JSON object a line; ids yes, values no.

Of a library's line only its name, level and place are kept: libraries quote paths, headers, bodies and SQL. Every value
of our own lines goes through the scrubber, the last net. JSON escapes control characters, so nobody forges a line.
"""

import copy
import logging
import logging.config
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from wallet.core import crashes
from wallet.core.scrubbing import scrub_text, scrub_value

_OURS = ("wallet", "cards", "payments", "privacy")
#: Libraries that speak to operators, of processes, addresses and tables; their lines are kept to the first line break.
_SPEAKERS = ("_granian", "celery.beat", "celery.worker.consumer.consumer")
#: Below this level they tell what nobody reads.
_CHATTERERS = (
    "httpx", "httpcore", "hpack", "kombu", "amqp", "celery", "urllib3", "asyncio", "psycopg", "_granian",
)  # fmt: skip
_EXTRA = ("reason", "key", "place", "category")
_WARNING = re.compile(r"(?P<file>[^\n]*?):(?P<line>\d+): (?P<category>\w+):")


def _scrub(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Every value but the frames, which are names of files and functions."""
    return {name: value if name == "frames" else scrub_value(value, key=name) for name, value in event.items()}


def _exception_name(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Where an exception came from and what class it is; its message and locals may hold values."""
    info = event.pop("exc_info", None)
    error = sys.exc_info()[1] if info is True else info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["exception"] = crashes.name_of(error)
        event.update(crashes.facts_of(error))
        event["frames"] = crashes.frames_of(error.__traceback__)
    return event


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(allow=_EXTRA),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _exception_name,
    _scrub,
]


def subject_of(record: logging.LogRecord) -> logging.LogRecord:
    """The record as it may be written: a library's one without its text, its arguments and its stack."""
    if isinstance(record.msg, dict) or _is_of(record.name, _OURS):
        return record
    subject = copy.copy(record)
    subject.stack_info = None
    subject.place = f"{record.filename}:{record.lineno} {record.funcName}"
    if _is_of(record.name, _SPEAKERS):
        subject.msg = scrub_text(record.getMessage()).split("\n", 1)[0]
    else:
        subject.msg = f"{record.name}.{record.levelname.lower()}"
        if record.name == "py.warnings" and (found := _WARNING.match(record.getMessage())):
            subject.place = f"{found['file'].rsplit('/', 1)[-1]}:{found['line']}"
            subject.category = found["category"]
    subject.args = ()
    return subject


def _is_of(name: str, families: tuple[str, ...]) -> bool:
    return any(name == family or name.startswith(f"{family}.") for family in families)


class _Lines(structlog.stdlib.ProcessorFormatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        return super().format(subject_of(record))


class _Stream(logging.StreamHandler[Any]):
    """Standard error; a line that cannot be made is named, where logging would print its arguments.

    One that cannot be written is lost: where the disk of the logs is full, no payment fails after it was made.
    """

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            return
        self.stream.write(f'{{"event": "core.logs.line_lost", "logger": "{scrub_text(record.name)}"}}\n')


def configure(options: dict[str, str]) -> None:
    """Django's LOGGING_CONFIG: everything, also of libraries, goes through the scrubber to standard error."""
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logging.captureWarnings(capture=True)
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "json": {
                    "()": _Lines,
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        structlog.processors.JSONRenderer(),
                    ],
                    "foreign_pre_chain": _SHARED,
                }
            },
            "handlers": {"stderr": {"()": _Stream, "formatter": "json"}},
            "root": {"handlers": ["stderr"], "level": options["level"]},
            "loggers": {
                # Django gives these handlers of their own, one of which mails settings, cookies and forms.
                **{name: {"handlers": [], "propagate": True} for name in ("django", "django.server")},
                # Below this they print headers, and with them tokens.
                **{name: {"level": "WARNING"} for name in _CHATTERERS},
            },
        }
    )
