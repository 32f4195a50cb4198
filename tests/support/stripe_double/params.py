"""A request's parameters: read from the form, and judged by the SDK's own types for this API version."""

import re
import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import typing_extensions
from stripe._request_options import RequestOptions

_KEY = re.compile(r"\[([^\]]*)\]")
_OPTIONS = set(RequestOptions.__annotations__)
#: Lists whose documentation says "Provide an empty value to unset this control"; the types cannot say it.
_UNSET = re.compile(r"spending_controls\[(allowed|blocked)_(card_presences|categories|merchant_countries)\]")
#: What the options' own types name, in whichever module they are inherited.
_OPTION_NAMES = {"StripeContext": object, "Mapping": Mapping}


class Refused(Exception):
    """What Stripe answers with 4xx."""

    def __init__(self, message: str, *, param: str = "", code: str = "", status: int = 400, kind: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.error = {"type": kind or "invalid_request_error", "message": message}
        if param:
            self.error["param"] = param
        if code:
            self.error["code"] = code


class Misfit(Refused):
    """A value that the types forbid: a defect of whoever sent it."""


def read(encoded: str) -> dict[str, Any]:
    """`a[b][0]=1` as `{"a": {"b": {"0": "1"}}}`."""
    form: dict[str, Any] = {}
    for name, value in parse_qsl(encoded, keep_blank_values=True, strict_parsing=bool(encoded)):
        first, *rest = [name.split("[", 1)[0], *_KEY.findall(name)]
        place = form
        for part in (first, *rest)[:-1]:
            place = place.setdefault(part, {})
        last = (first, *rest)[-1]
        if last in place:
            raise Misfit(f"Received the parameter {name} twice", param=name)
        place[last] = value
    return form


def check(form: Mapping[str, Any], shape: type) -> dict[str, Any]:
    """The form as typed values.

    Raises:
        Misfit: unknown, missing, mistyped or impossible.
    """
    return _typed_dict(form, shape, "")


@cache
def _hints(shape: type) -> dict[str, Any]:
    hints = typing_extensions.get_type_hints(shape, localns=_OPTION_NAMES, include_extras=True)
    return {name: hint for name, hint in hints.items() if name not in _OPTIONS}


def _typed_dict(value: Any, shape: type, path: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise Misfit("Invalid object", param=path)
    known, found = _hints(shape), {}
    for name, given in value.items():
        where = f"{path}[{name}]" if path else name
        if name not in known:
            raise Misfit(f"Received unknown parameter: {where}", param=where, code="parameter_unknown")
        found[name] = _value(given, known[name], where)
    for name, hint in known.items():
        if typing_extensions.get_origin(hint) is not typing_extensions.NotRequired and name not in value:
            where = f"{path}[{name}]" if path else name
            raise Misfit(f"Missing required param: {where}.", param=where, code="parameter_missing")
    return found


def _value(value: Any, hint: Any, path: str) -> Any:  # noqa: PLR0911 - one line for each sort of type
    origin, inner = typing_extensions.get_origin(hint), typing_extensions.get_args(hint)
    if origin is typing_extensions.NotRequired or origin is typing_extensions.Required:
        return _value(value, inner[0], path)
    if origin in {typing.Union, types.UnionType}:
        return _union(value, inner, path)
    if origin in {typing.Literal, typing_extensions.Literal}:
        return _literal(value, inner, path)
    if origin in {list, typing.Sequence}:
        if value == "" and _UNSET.fullmatch(path):
            return []
        if not isinstance(value, Mapping):
            raise Misfit("Invalid array", param=path)
        return [_value(one, inner[0], f"{path}[{at}]") for at, one in value.items()]
    if origin is dict:
        if not isinstance(value, Mapping):
            raise Misfit("Invalid hash", param=path)
        return {name: _value(one, inner[1], f"{path}[{name}]") for name, one in value.items()}
    if typing_extensions.is_typeddict(hint):
        return _typed_dict(value, hint, path)
    return _scalar(value, hint, path)


def _union(value: Any, options: tuple[Any, ...], path: str) -> Any:
    """The first that fits. Open enumerations (`Literal[…] | str`) are closed: Stripe refuses what is not listed."""
    listed = [
        one for one in options if typing_extensions.get_origin(one) in {typing.Literal, typing_extensions.Literal}
    ]
    words = {word for one in listed for word in typing_extensions.get_args(one)} - {""}
    problem: Misfit | None = None
    for option in options:
        if option is str and words:
            continue
        try:
            return _value(value, option, path)
        except Misfit as misfit:
            problem = problem if problem is not None and typing_extensions.is_typeddict(option) else misfit
    raise problem or Misfit("Invalid value", param=path)


def _literal(value: Any, words: tuple[Any, ...], path: str) -> Any:
    if value not in words:
        raise Misfit(f"Invalid {path}: must be one of {', '.join(map(str, words))}", param=path)
    return value


def _scalar(value: Any, hint: Any, path: str) -> Any:
    if not isinstance(value, str):
        raise Misfit(f"Invalid string: {path}", param=path)
    if hint is bool:
        if value not in {"true", "false"}:
            raise Misfit("Invalid boolean", param=path)
        return value == "true"
    if hint is int:
        if not re.fullmatch(r"-?\d{1,18}", value):
            raise Misfit("Invalid integer", param=path, code="parameter_invalid_integer")
        return int(value)
    if hint is str:
        if value == "":
            raise Misfit(f"You passed an empty string for '{path}'.", param=path, code="parameter_invalid_empty")
        return value
    if hint.__name__ in {"float", "Decimal"}:
        if not re.fullmatch(r"-?\d+(\.\d+)?", value):
            raise Misfit("Invalid decimal", param=path)
        return value
    raise Misfit(f"The double does not know {hint}", param=path)
