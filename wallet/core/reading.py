"""A body that is right, read at once: the checks of a serializer's declared fields, compiled.

DRF reads a field through some twenty calls: a sixth of the time of an authorization. What is compiled here only ever
says yes: whatever is in doubt is left to DRF, which reads it anew and words the errors. A serializer with anything that
is not known here is not compiled.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator, RegexValidator
from rest_framework import serializers
from rest_framework.fields import empty
from rest_framework.validators import ProhibitSurrogateCharactersValidator

Read = Callable[[Any], Any]

#: Control characters but tab and line feed, and lone surrogates: no text holds them.
CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class InDoubt(Exception):
    """DRF shall say."""


class _Unknown(Exception):
    """This cannot be compiled."""


#: How fields of a class are compiled; each must read exactly as the class's `run_validation` does.
_COMPILERS: dict[Any, Callable[[Any], Read]] = {}


def compiles(*ways: Any) -> Callable[[Callable[[Any], Read]], Callable[[Any], Read]]:
    """Register how a field is compiled whose methods of reading are these."""

    def register(compiler: Callable[[Any], Read]) -> Callable[[Any], Read]:
        _COMPILERS[ways] = compiler
        return compiler

    return register


def compiled(serializer: Any) -> Read | None:
    """What reads a right body as `serializer.run_validation` does; None where something in it is not known."""
    try:
        return _compile(serializer)
    except _Unknown:
        return None


def body(serializer: Any) -> Read:
    """An object with its members, and nothing besides."""
    if serializer.validators or any(hasattr(serializer, f"validate_{name}") for name in serializer.fields):
        raise _Unknown
    members = [(name, _member(field)) for name, field in serializer.fields.items()]
    names, validate = frozenset(serializer.fields), serializer.validate

    def read(given: Any) -> dict[str, Any]:
        if type(given) is not dict or not given.keys() <= names:
            raise InDoubt
        found = {}
        for name, one in members:
            value = one(given.get(name, empty))
            if value is not empty:
                found[name] = value
        try:
            whole: dict[str, Any] = validate(found)
        except serializers.ValidationError:
            raise InDoubt from None
        return whole

    return read


def _member(field: Any) -> Read:
    """A value, or what stands for one that is null or not there; `empty`: nothing."""
    if field.read_only or field.write_only or field.source != field.field_name:
        raise _Unknown
    if field.default is not empty and callable(field.default):
        raise _Unknown
    one, is_nullable, is_required, absent = _compile(field), field.allow_null, field.required, field.default

    def read(value: Any) -> Any:
        if value is empty:
            if is_required:
                raise InDoubt
            return absent
        if value is None:
            if not is_nullable:
                raise InDoubt
            return None
        return one(value)

    return read


def _compile(field: Any) -> Read:
    compiler = _COMPILERS.get((type(field).run_validation, type(field).to_internal_value))
    if compiler is None:
        raise _Unknown
    return compiler(field)


def text(field: Any) -> Read:
    """A text with its validators; an empty one is DRF's."""
    if field.trim_whitespace:
        raise _Unknown
    longest, patterns = None, []
    for validator in field.validators:
        if type(validator) is RegexValidator and not validator.inverse_match:
            patterns.append(re.compile(validator.regex).search)
        elif type(validator) is MaxLengthValidator:
            longest = validator.limit_value
        elif type(validator) not in {ProhibitNullCharactersValidator, ProhibitSurrogateCharactersValidator}:
            raise _Unknown
    search = CONTROL.search

    def read(value: Any) -> str:
        if type(value) is not str or not value or (longest is not None and len(value) > longest) or search(value):
            raise InDoubt
        for pattern in patterns:
            if not pattern(value):
                raise InDoubt
        return value

    return read


def one_of(accepted: Mapping[str, Any]) -> Read:
    """One of these words."""

    def read(value: Any) -> Any:
        if type(value) is not str or value not in accepted:
            raise InDoubt
        return accepted[value]

    return read


@compiles(serializers.ChoiceField.run_validation, serializers.ChoiceField.to_internal_value)
def _choice(field: Any) -> Read:
    if field.validators:
        raise _Unknown
    return one_of(field.choice_strings_to_values)


__all__ = ["CONTROL", "InDoubt", "Read", "body", "compiled", "compiles", "one_of", "text"]
