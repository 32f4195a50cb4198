"""JSON lines in, JSON lines out: one request and one answer a line (RULES.md 1)."""

from __future__ import annotations

import json
import sys
from typing import TextIO, cast

from payments.detection.detector import detect
from payments.detection.message import ContextMessage, Finding, Message


class BadLineError(ValueError):
    """A request that cannot be read; the text names the field, never its value."""


def _string(request: dict[str, object], field: str, default: str | None) -> str | None:
    value = request.get(field)
    if value is None:
        if field == "text":
            raise BadLineError("text: missing")
        return default
    if not isinstance(value, str):
        raise BadLineError(f"{field}: not a string")
    return value


def _context(value: object) -> tuple[ContextMessage, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise BadLineError("context: not a list")
    messages = []
    for number, entry in enumerate(value):
        where = f"context[{number}]"
        if not isinstance(entry, dict):
            raise BadLineError(f"{where}: not an object")
        for field in ("sender", "text"):
            if not isinstance(entry.get(field), str):
                raise BadLineError(f"{where}.{field}: not a string")
        messages.append(ContextMessage(entry["sender"], entry["text"]))
    return tuple(messages)


def _participants(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise BadLineError("participants: not a list of strings")
    return tuple(cast("list[str]", value))


def parse(line: str) -> tuple[str | int, Message]:
    """The id and the message of a request line."""
    try:
        request = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadLineError("not JSON") from error
    if not isinstance(request, dict):
        raise BadLineError("not a JSON object")
    key = request.get("id")
    if not isinstance(key, str | int) or isinstance(key, bool):
        raise BadLineError("id: missing or neither a string nor a number")
    message = Message(
        text=_string(request, "text", None) or "",
        context=_context(request.get("context")),
        sender=_string(request, "sender", None),
        participants=_participants(request.get("participants")),
        locale=_string(request, "locale", "en") or "en",
    )
    return key, message


def answer(key: str | int, finding: Finding) -> str:
    """The answer line."""
    return json.dumps(
        {
            "id": key,
            "intent": finding.intent,
            "amount_minor": finding.amount_minor,
            "currency": finding.currency,
            "shares": finding.shares,
            "debtor": finding.debtor,
            "creditor": finding.creditor,
        },
        ensure_ascii=False,
    )


def run(source: TextIO, answers: TextIO, errors: TextIO) -> int:
    """Answer every line that can be read; 1 if any could not."""
    status = 0
    for number, line in enumerate(source, 1):
        if not line.strip():
            continue
        try:
            key, message = parse(line)
        except BadLineError as error:
            errors.write(f"line {number}: {error}\n")
            status = 1
            continue
        answers.write(answer(key, detect(message)) + "\n")
    return status


def main() -> int:
    """Run on the standard streams, in UTF-8 whatever the locale of the shell."""
    for stream in (sys.stdin, sys.stdout):
        cast("TextIO", stream).reconfigure(encoding="utf-8", errors="replace")  # type: ignore[attr-defined]
    return run(sys.stdin, sys.stdout, sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
