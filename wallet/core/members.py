"""Members of request bodies: strict about type, range and what was not declared (P12, settled.md 27 and 29)."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.conf import settings
from django.core.validators import RegexValidator
from rest_framework import serializers
from rest_framework.fields import empty

from wallet.core import reading
from wallet.core.bodies import BodyUnreadable
from wallet.core.ids import is_id
from wallet.core.money import MAX_MINOR, Money
from wallet.core.reading import CONTROL, InDoubt, Read

#: BCP 47, as far as its form goes.
_LANGUAGE_TAG = r"^[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8}){0,4}\Z"


class StrictSerializer(serializers.Serializer[Any]):
    """A request body: undeclared members are refused by name, with 400 (P12)."""

    def to_internal_value(self, data: Any) -> Any:
        """Refuse what is not declared, then let DRF check the rest."""
        if not isinstance(data, Mapping):
            raise BodyUnreadable("An object is expected.")
        unknown = sorted(set(map(str, data)) - {name for name, field in self.fields.items() if not field.read_only})
        if unknown:
            raise BodyUnreadable(f"Unknown member: {unknown[0][:60]}")
        return super().to_internal_value(data)


@cache
def _reader(serializer: type[StrictSerializer]) -> tuple[Read | None, StrictSerializer]:
    one = serializer()
    return reading.compiled(one), one


def validated(serializer: type[StrictSerializer], body: Any) -> dict[str, Any]:
    """What `serializer(data=body)` validates, and its errors; a body that is right is read by one instance for all.

    Validation keeps nothing in it, and to make one costs ten times what it does: each copies all of its fields.
    """
    quick, reader = _reader(serializer)
    if quick is not None:
        try:
            return dict(quick(body))
        except InDoubt:
            pass
    try:
        return dict(reader.run_validation(body))
    except serializers.ValidationError:
        incoming = serializer(data=body)
        incoming.is_valid(raise_exception=True)
        return dict(incoming.validated_data)


# How fields of ours are read at once: each as its class does, less the wording of errors.
reading.compiles(StrictSerializer.run_validation, StrictSerializer.to_internal_value)(reading.body)


class StrictIntegerField(serializers.IntegerField):
    """A JSON integer: 1.0, "1" and true are not (settled.md 29)."""

    def to_internal_value(self, data: Any) -> int:
        """The integer itself."""
        if type(data) is not int:
            raise serializers.ValidationError("must be an integer")
        return data


class StrictCharField(serializers.CharField):
    """A JSON string, at most `max_length` code points, without control characters."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("trim_whitespace", False)
        super().__init__(**options)

    def run_validation(self, data: Any = empty) -> Any:
        """Refuse other JSON types before Django makes text of them."""
        if data is not empty and data is not None and not isinstance(data, str):
            raise serializers.ValidationError("must be a string")
        if isinstance(data, str) and CONTROL.search(data):
            raise serializers.ValidationError("must not contain control characters")
        return super().run_validation(data)


reading.compiles(StrictCharField.run_validation, StrictCharField.to_internal_value)(reading.text)


class StrictBooleanField(serializers.BooleanField):
    """true or false, not "yes" or 1."""

    def to_internal_value(self, data: Any) -> bool:
        """The boolean itself."""
        if not isinstance(data, bool):
            raise serializers.ValidationError("must be true or false")
        return data


@reading.compiles(StrictBooleanField.run_validation, StrictBooleanField.to_internal_value)
def _boolean(field: Any) -> Read:
    del field

    def read(value: Any) -> bool:
        if type(value) is not bool:
            raise InDoubt
        return value

    return read


class LocaleField(StrictCharField):
    """A BCP 47 language tag, such as `fr` or `fr-CA`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=35, **options)
        self.validators.append(
            RegexValidator(r"^[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8}){0,4}\Z", "must be a language tag")
        )


class PublicIdField(StrictCharField):
    """An id with a given prefix; the existence of the object is the service's question."""

    def __init__(self, prefix: str, **options: Any) -> None:
        self.prefix = prefix
        super().__init__(**options)

    def run_validation(self, data: Any = empty) -> Any:
        """Check the form alone."""
        value = super().run_validation(data)
        if isinstance(value, str) and not is_id(value, self.prefix):
            raise serializers.ValidationError(f"must be a {self.prefix}_ id that you may use")
        return value


class CurrencyField(StrictCharField):
    """The code of a currency that is held here."""

    def to_internal_value(self, data: Any) -> str:
        """The code itself."""
        if data not in settings.CURRENCIES:
            raise serializers.ValidationError(f"must be one of {', '.join(settings.CURRENCIES)}")
        return str(data)


class NoMembers(StrictSerializer):
    """A POST whose path says it all; the body is empty or `{}`."""


class _MoneyShape(StrictSerializer):
    value = StrictIntegerField(help_text="integer minor units (JPY 0 decimals, KWD 3)")
    currency = CurrencyField(help_text="ISO 4217")


class MoneyField(serializers.Field[Money, Any, dict[str, int | str], Money]):
    """Money in and out; `minimum=0` where the network may ask about nothing."""

    def __init__(self, *, minimum: int = 1, **options: Any) -> None:
        self.minimum = minimum
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> Money:
        """Money within range, in a currency that is held here."""
        if not isinstance(data, Mapping):
            raise serializers.ValidationError("must be an object of value and currency")
        shape = validated(_MoneyShape, data)
        value, currency = shape["value"], shape["currency"]
        if not self.minimum <= value <= MAX_MINOR:
            raise serializers.ValidationError({"value": [f"must be {self.minimum} to {MAX_MINOR}"]})
        return Money(value, currency)

    def to_representation(self, value: Money) -> dict[str, int | str]:
        """The JSON shape."""
        return value.as_json()


@reading.compiles(MoneyField.run_validation, MoneyField.to_internal_value)
def _money(field: Any) -> Read:
    minimum, members = field.minimum, {"value", "currency"}

    def read(given: Any) -> Money:
        if type(given) is not dict or given.keys() != members:
            raise InDoubt
        value, currency = given["value"], given["currency"]
        if type(value) is not int or not minimum <= value <= MAX_MINOR or type(currency) is not str:
            raise InDoubt
        if currency not in settings.CURRENCIES:
            raise InDoubt
        return Money(value, currency)

    return read
