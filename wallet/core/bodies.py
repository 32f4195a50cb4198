"""Bodies: strict JSON in, plain JSON out (contract.md Conventions)."""

import json
from typing import IO, Any

import orjson
from rest_framework import renderers
from rest_framework.parsers import BaseParser

from wallet.core.errors import Kind, WalletError

_MAX_BODY = 64 * 1024
_MAX_DEPTH = 20
_LONG_ENOUGH = 100


class BodyUnreadable(WalletError):
    """The body is not the JSON that this route reads."""

    kind = Kind.UNREADABLE
    slug = "unreadable"
    title = "The request cannot be read"


def parse_json(raw: bytes) -> Any:
    """Read strict JSON.

    Raises:
        BodyUnreadable: too large, not UTF-8, not JSON, duplicate keys, NaN or Infinity, nested deeper than 20.
    """
    if len(raw) > _MAX_BODY:
        raise BodyUnreadable("The body is larger than 64 kB.")
    _refuse_depth(raw)
    try:
        return json.loads(
            raw.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_int=_integer
        )
    except UnicodeDecodeError:
        raise BodyUnreadable("The body is not UTF-8.") from None
    except (json.JSONDecodeError, RecursionError, ValueError):
        raise BodyUnreadable("The body is not JSON.") from None


def _refuse_depth(raw: bytes) -> None:
    if raw.count(b"[") + raw.count(b"{") <= _MAX_DEPTH:
        return  # not so many open at all, in strings or out of them
    depth = 0
    in_string = escaped = False
    for byte in raw:
        if in_string:
            in_string = escaped or byte != 0x22  # noqa: PLR2004 - a quotation mark
            escaped = not escaped and byte == 0x5C  # noqa: PLR2004 - a backslash
        elif byte == 0x22:  # noqa: PLR2004 - a quotation mark
            in_string = True
        elif byte in b"[{":
            depth += 1
            if depth > _MAX_DEPTH:
                raise BodyUnreadable("The body is nested too deeply.")
        elif byte in b"]}":
            depth -= 1


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise BodyUnreadable("A member appears twice.")
    return value


def _integer(text: str) -> int:
    """The integer; one of a hundred digits is out of every range, and so is what stands for a longer one."""
    return int(text[:_LONG_ENOUGH])


def _refuse_constant(_name: str) -> Any:
    raise BodyUnreadable("NaN and Infinity are not JSON.")


class StrictJSONParser(BaseParser):
    """DRF's door for bodies; any other media type is 415."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], *_types: Any, **_context: Any) -> Any:
        """The parsed body; an empty one is an empty object (settled.md 27)."""
        raw = stream.read(_MAX_BODY + 1)
        return parse_json(raw) if raw.strip() else {}


class JSONRenderer(renderers.JSONRenderer):
    """orjson, UTF-8, no escapes."""

    charset = None

    def render(self, data: Any, *_types: Any, **_context: Any) -> bytes:
        """The bytes of an answer; None has none."""
        return b"" if data is None else orjson.dumps(data, option=orjson.OPT_UTC_Z)
