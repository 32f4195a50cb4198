"""Encrypted columns. Import them from `privacy.crypto.fields`.

Each encrypted field has two attributes: `<name>` is the clear value, opened when it is read; `<name>_sealed` is what
the column holds. Django itself only handles the second, so nothing that it copies, logs or pickles is in clear.
"""

# ruff: noqa: D102, SLF001 - Django's methods keep their meaning, and its `_meta` and `_state` are documented for fields.

import json
from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args

from django import forms
from django.core import checks, validators
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.query_utils import DeferredAttribute

from privacy.crypto import cells
from privacy.crypto.aead import Cell, DecryptionFailed
from privacy.crypto.cells import Ciphertext, EncryptedFieldError, Restored, Sealed, Unsealed
from privacy.crypto.datakeys import KeyClass, KeyDestroyed
from privacy.crypto.keyring import keyring
from privacy.crypto.secret import forgets_locals

V = TypeVar("V")


class _ClearAttribute:
    """`<name>` on an instance: opens on reading, keeps unsealed on writing."""

    def __init__(self, field: "EncryptedField[Any]") -> None:
        self.field = field

    def __get__(self, instance: models.Model | None, owner: type[models.Model] | None = None) -> Any:
        if instance is None:
            return self
        return self.field.clear_value(instance)

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = value if isinstance(value, Sealed) else Unsealed(value)


if TYPE_CHECKING:

    class _Column(models.Field[V, V], Generic[V]): ...
else:
    # Django's fields are generic for the type checker only.
    class _Column(models.Field):
        def __class_getitem__(cls, _value: object) -> type[models.Field]:
            return cls


class EncryptedField(_Column[V]):
    """What encrypted columns share. `keys` says whose key: the holder's `life` or `law`, or the `service`'s."""

    kind: bytes
    #: Goes into the cell: a later change of what a field's bytes mean takes the next number.
    schema_version = 1

    def __init__(self, *args: Any, keys: KeyClass, **kwargs: Any) -> None:
        if keys not in get_args(KeyClass):
            raise ValueError("keys must be life, law or service")
        self.keys: KeyClass = keys
        super().__init__(*args, **kwargs)

    # --- What Django asks of a field -------------------------------------------------------------

    def get_internal_type(self) -> str:
        return "BinaryField"

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        return name, path.replace(".columns.", ".fields."), args, {**kwargs, "keys": self.keys}

    def get_attname_column(self) -> tuple[str, str]:
        return f"{self.name}_sealed", self.db_column or self.name

    def get_attname(self) -> str:
        return f"{self.name}_sealed"

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:  # noqa: FBT001, FBT002 - Django's signature
        super().contribute_to_class(cls, name, private_only=private_only)
        if not cls._meta.abstract:
            setattr(cls, self.attname, DeferredAttribute(self))
        setattr(cls, name, _ClearAttribute(self))

    def get_default(self) -> Unsealed:
        if not self.has_default():
            return Unsealed(self.empty_value())
        return Unsealed(self.default() if callable(self.default) else self.default)

    def from_db_value(self, value: bytes | None, _expression: object, _connection: object) -> Sealed | None:
        return None if value is None else Sealed(bytes(value))

    @forgets_locals
    def pre_save(self, model_instance: models.Model, add: bool) -> Ciphertext:  # noqa: ARG002, FBT001 - Django's signature
        value = self.clear_value(model_instance)
        plain = self.encode(value)
        token = keyring.seal(plain, cell=self.cell(model_instance), keys=self.keys)
        written = model_instance._state.__dict__.setdefault("enc_written", {})
        written[self.attname] = Sealed(token, plain=plain, opened=value)
        return Ciphertext(token)

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> bytes:  # noqa: ARG002 - Django's signature
        if isinstance(value, Ciphertext):
            return bytes(value)
        if isinstance(value, Restored):
            return value.token
        # An expression comes here too, before it is compiled.
        raise EncryptedFieldError(f"{self} is encrypted for its row: assign it and save(), update() cannot write it")

    @property
    def path_infos(self) -> Any:
        # The one place that filters, F(), values(), ordering and aggregates all pass on their way to a column.
        raise EncryptedFieldError(f"{self} is encrypted: the database cannot compare or sort it; use a BlindIndexField")

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        if isinstance(value, Unsealed):
            self.validate(value.value, model_instance)
            self.run_validators(value.value)
        return value

    def value_from_object(self, obj: models.Model) -> Any:
        try:
            return self.clear_value(obj)
        except KeyDestroyed:
            return obj.__dict__[self.attname]

    def value_to_string(self, obj: models.Model) -> str:
        held = getattr(obj, self.attname)
        if not isinstance(held, Sealed):
            raise EncryptedFieldError(f"{self}: save the row first, only sealed values are serialised")
        return held.to_fixture()

    def to_python(self, value: Any) -> Any:
        """What a fixture holds; nothing else calls this, `clean` does not."""
        return (cells.from_fixture(value) or value) if isinstance(value, str) else value

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        return [*super().check(**kwargs), *self._check_use()]

    # --- What it does ----------------------------------------------------------------------------

    def cell(self, instance: models.Model) -> Cell:
        """The cell that this field's value lives in."""
        if instance.pk is None:
            raise EncryptedFieldError(f"{self}: the row's id must exist before it is sealed; create it by `objects`")
        holder = getattr(type(instance), "encrypted_for", None)
        if holder is None:
            raise EncryptedFieldError(f"{self}: its model is no EncryptedModel")
        holder_id = str(getattr(instance, holder) or "") if holder else ""
        if not holder_id and holder and self.keys != "service":
            raise EncryptedFieldError(f"{self}: the row names no holder, whose key would it be")
        return Cell(
            instance._meta.db_table,
            str(self.column),
            str(instance.pk),
            holder_id,
            instance.enc_version,  # type: ignore[attr-defined]
            self.schema_version,
        )

    @forgets_locals
    def clear_value(self, instance: models.Model) -> Any:
        """The value in clear.

        Raises:
            DecryptionFailed: the cell does not open here, or the column was emptied by somebody else.
        """
        held = instance.__dict__.get(self.attname)
        if type(held) is Unsealed:
            return held.value
        if type(held) is Sealed and held.is_opened:
            return held.opened
        # Load first what is deferred, cell or version: each loads the other, so that they belong together.
        getattr(instance, self.attname)
        cell = self.cell(instance)
        held = instance.__dict__[self.attname]
        if not isinstance(held, Sealed):
            raise DecryptionFailed
        held.plain = keyring.open(held.token, cell=cell, keys=self.keys)
        held.opened = self.decode(held.plain)
        return held.opened

    def is_pending(self, instance: models.Model) -> bool:
        """Whether the value in memory differs from the stored one."""
        held = instance.__dict__.get(self.attname)
        if isinstance(held, Sealed):
            return held.is_opened and self.encode(held.opened) != held.plain
        return isinstance(held, Unsealed)

    def encode(self, value: Any) -> bytes:
        """The bytes to seal."""
        if value is None:
            if not self.null:
                raise EncryptedFieldError(f"{self} needs a value")
            return cells.pack(cells.KIND_NONE, b"")
        return cells.pack(self.kind, self.to_bytes(value))

    def decode(self, plain: bytes) -> Any:
        """The value that `encode` made these bytes from."""
        kind, value = cells.unpack(plain)
        if kind == cells.KIND_NONE:
            return None
        if kind != self.kind:
            raise DecryptionFailed
        return self.from_bytes(value)

    def empty_value(self) -> Any:
        """The value of a new row that was given none."""
        return None

    @abstractmethod
    def to_bytes(self, value: Any) -> bytes:
        """A value that is not None as bytes."""

    @abstractmethod
    def from_bytes(self, value: bytes) -> Any:
        """The value again."""

    def _check_use(self) -> list[checks.CheckMessage]:
        found: list[checks.CheckMessage] = []
        if not hasattr(self.model, "encrypted_for"):
            found.append(checks.Error("Its model must be an EncryptedModel.", obj=self, id="crypto.E001"))
        if self.unique or self.db_index:  # type: ignore[attr-defined]
            hint = "Add a BlindIndexField beside it."
            found.append(checks.Error("It cannot be unique or indexed.", hint=hint, obj=self, id="crypto.E002"))
        if self.has_db_default():
            found.append(checks.Error("A database default would be stored in clear.", obj=self, id="crypto.E003"))
        return found


class EncryptedTextField(EncryptedField[str]):
    """Text. Its length shows in steps of 32 bytes (see `cells`)."""

    kind = cells.KIND_TEXT

    def __init__(self, *args: Any, keys: KeyClass, **kwargs: Any) -> None:
        super().__init__(*args, keys=keys, **kwargs)
        if self.max_length is not None:
            self.validators.append(validators.MaxLengthValidator(self.max_length))

    def empty_value(self) -> str | None:
        return None if self.null else ""

    def to_bytes(self, value: Any) -> bytes:
        if not isinstance(value, str):
            raise EncryptedFieldError(f"{self} takes text")
        if self.max_length is not None and len(value) > self.max_length:
            raise EncryptedFieldError(f"{self} takes at most {self.max_length} characters")
        return value.encode()

    def from_bytes(self, value: bytes) -> str:
        return value.decode()

    def formfield(self, **kwargs: Any) -> forms.Field | None:
        widget = {} if self.max_length is not None else {"widget": forms.Textarea}
        defaults = {"form_class": forms.CharField, "max_length": self.max_length, "initial": self.get_default().value}
        return super().formfield(**{**defaults, **widget, **kwargs})


class _JSONFormField(forms.JSONField):
    """JSON, or the mark of a value whose key was destroyed: no JSON, so that it cannot be posted back."""

    def prepare_value(self, value: Any) -> Any:
        return repr(value) if isinstance(value, Sealed) else super().prepare_value(value)


class EncryptedJSONField(EncryptedField[Any]):
    """A JSON object or array. A value changed in place is written by the next save."""

    kind = cells.KIND_JSON

    def to_bytes(self, value: Any) -> bytes:
        # A bare number would leave a serialiser in clear: Django asks a field only about what is not a plain type.
        if not isinstance(value, (dict, list)):
            raise EncryptedFieldError(f"{self} takes an object or an array")
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()

    def from_bytes(self, value: bytes) -> Any:
        return json.loads(value)

    def formfield(self, **kwargs: Any) -> forms.Field | None:
        return super().formfield(**{"form_class": _JSONFormField, "initial": self.get_default().value, **kwargs})
