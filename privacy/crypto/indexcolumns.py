"""Blind indexes as columns. Import them from `privacy.crypto.fields`.

An index has two columns, so that its key can be rotated while everybody works (`stages`): the one that is declared with
`BlindIndexField` and is named in filters, and `<name>_next`, a `NextIndexField`, which is empty outside a rotation.
"""

# ruff: noqa: D102, SLF001 - Django's methods keep their meaning, and its `_meta` is documented for fields.

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from django.core import checks
from django.db import models
from django.db.models.lookups import Exact, In

from privacy.crypto.cells import EncryptedFieldError
from privacy.crypto.columns import EncryptedTextField
from privacy.crypto.index import blind_index
from privacy.crypto.keyring import keyring
from privacy.crypto.stages import IndexState

if TYPE_CHECKING:
    _IndexColumn = models.BinaryField[Any, Any]
    _Exact = Exact[Any]
    _In = In[Any]
else:
    # Django's fields and look-ups are generic for the type checker only.
    _IndexColumn, _Exact, _In = models.BinaryField, Exact, In

_DIGEST_BYTES: Final = 32
_LOOKUPS: Final = frozenset({"exact", "in", "isnull"})


class _DigestColumn(_IndexColumn):
    """What both columns share: they are written with the encrypted field, never by hand."""

    def __init__(self, *args: Any, of: str, **kwargs: Any) -> None:
        self.of = of
        super().__init__(*args, **{"max_length": _DIGEST_BYTES, "editable": False, **kwargs})

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("max_length", None)
        kwargs["of"] = self.of
        return name, path.replace(".indexcolumns.", ".fields."), args, kwargs

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if isinstance(value, str):
            raise EncryptedFieldError(f"{self} is written with the field it belongs to")
        return super().get_db_prep_save(value, connection)

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name not in _LOOKUPS:
            raise EncryptedFieldError(f"{self} finds equal values only")
        return super().get_lookup(lookup_name)

    def column_beside(self, name: str) -> Any:
        """The field of the same model with this name, or None."""
        return next((field for field in self.model._meta.local_fields if field.name == name), None)


class BlindIndexField(_DigestColumn):
    """Finds rows by the clear value of an encrypted text beside it: `filter(email_index="alice@example.org")`.

    `of` names that field; `casefold=True` compares after NFKC and case folding. The column is written with the field it
    belongs to and never by hand. Look-ups: exact, in, isnull; `unique=True` works. None gives NULL. With
    `keeps_emptied=True` an emptied text keeps its index: its value is not given to another row while the key lives.
    """

    def __init__(self, *args: Any, of: str, casefold: bool = False, keeps_emptied: bool = False, **kwargs: Any) -> None:
        self.casefold = casefold
        self.keeps_emptied = keeps_emptied
        super().__init__(*args, of=of, **kwargs)

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        for flag in ("casefold", "keeps_emptied"):
            if getattr(self, flag):
                kwargs[flag] = True
        return name, path, args, kwargs

    @property
    def source(self) -> EncryptedTextField:
        """The encrypted text."""
        found: EncryptedTextField = self.model._meta.get_field(self.of)  # type: ignore[assignment]
        return found

    @property
    def following(self) -> "NextIndexField":
        """The column for the key that comes next."""
        found: NextIndexField = self.model._meta.get_field(f"{self.name}_next")  # type: ignore[assignment]
        return found

    def digest(self, value: str, *, version: int | None = None) -> bytes:
        """The index of a clear value; without a version the one to look for."""
        clear = unicodedata.normalize("NFKC", value).casefold() if self.casefold else value
        place = (self.model._meta.db_table, str(self.source.column), str(self.column))
        return blind_index(*place, clear.encode(), version=version)

    def is_kept(self, value: str | None) -> bool:
        """Whether the index stays as it is: the value was emptied."""
        return self.keeps_emptied and not value

    def pair(self, value: str | None, state: IndexState) -> tuple[bytes | None, bytes | None]:
        """What the two columns hold for a clear value in a stage of a rotation."""
        if value is None:
            return None, None
        second = None if state.second is None else self.digest(value, version=state.second)
        return self.digest(value, version=state.first), second

    def pre_save(self, model_instance: models.Model, add: bool) -> bytes | None:  # noqa: ARG002, FBT001 - Django's signature
        value = getattr(model_instance, self.of)
        if self.is_kept(value) and (kept := getattr(model_instance, self.attname)) is not None:
            return bytes(kept)
        index = None if value is None else self.digest(value, version=keyring.index_state().first)
        setattr(model_instance, self.attname, index)
        return index

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.digest(value)
        return super().get_prep_value(value)

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        return [*super().check(**kwargs), *self._check_source(), *self._check_following()]

    def _check_source(self) -> list[checks.CheckMessage]:
        source = self.column_beside(self.of)
        if not isinstance(source, EncryptedTextField):
            message = f"of={self.of!r} names no encrypted text of this model."
            return [checks.Error(message, obj=self, id="crypto.E004")]
        if source.null and not self.null:
            return [checks.Error("Its field may be None, so it must be null=True.", obj=self, id="crypto.E005")]
        return []

    def _check_following(self) -> list[checks.CheckMessage]:
        following = self.column_beside(f"{self.name}_next")
        if isinstance(following, NextIndexField) and following.of == self.name and following.unique == self.unique:
            return []
        unique = ", unique=True" if self.unique else ""
        hint = f'Declare {self.name}_next = NextIndexField(of="{self.name}"{unique}) beside it.'
        return [checks.Error("Its key could not be rotated.", hint=hint, obj=self, id="crypto.E009")]


class NextIndexField(_DigestColumn):
    """The second column of the `BlindIndexField` that `of` names: its digest under the next key, while that comes."""

    def __init__(self, *args: Any, of: str, **kwargs: Any) -> None:
        super().__init__(*args, of=of, **{**kwargs, "null": True})

    def pre_save(self, model_instance: models.Model, add: bool) -> bytes | None:  # noqa: ARG002, FBT001 - Django's signature
        index: BlindIndexField = self.model._meta.get_field(self.of)  # type: ignore[assignment]
        value, version = getattr(model_instance, index.of), keyring.index_state().second
        digest = (
            None if version is None or value is None or index.is_kept(value) else index.digest(value, version=version)
        )
        setattr(model_instance, self.attname, digest)
        return digest

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        if isinstance(self.column_beside(self.of), BlindIndexField):
            return list(super().check(**kwargs))
        message = f"of={self.of!r} names no blind index of this model."
        return [*super().check(**kwargs), checks.Error(message, obj=self, id="crypto.E010")]


class _InBothColumns:
    """While a rotation is under way a digest may stand in either column."""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        sql, params = super().as_sql(compiler, connection)  # type: ignore[misc]
        lhs = self.lhs  # type: ignore[attr-defined]
        if not isinstance(lhs.output_field, BlindIndexField) or not keyring.index_state().has_two_columns:
            return sql, params
        first, _params = self.process_lhs(compiler, connection)  # type: ignore[attr-defined]
        quote = connection.ops.quote_name
        second = f"{quote(lhs.alias)}.{quote(lhs.output_field.following.column)}"
        return f"({sql} OR {sql.replace(first, second, 1)})", (*params, *params)


@BlindIndexField.register_lookup
class _ExactInBothColumns(_InBothColumns, _Exact):
    pass


@BlindIndexField.register_lookup
class _InInBothColumns(_InBothColumns, _In):
    pass
