"""Rows with encrypted columns: one version for the row, all of its cells written together."""

# ruff: noqa: SLF001 - Django's `_meta` and `_state`, and the row's own members from its manager.

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, ClassVar, Self, TypeVar, cast

from django.core import checks
from django.db import connections, models, router

from privacy.crypto.cells import EncryptedFieldError, Restored, Unsealed
from privacy.crypto.columns import EncryptedField
from privacy.crypto.indexcolumns import BlindIndexField, NextIndexField
from privacy.crypto.keyring import keyring

M = TypeVar("M", bound=models.Model)


class RowChanged(Exception):
    """Another writer sealed this row since it was read, or it is gone: read it again, then decide again."""

    def __init__(self) -> None:
        super().__init__("the row changed since it was read")


class EncryptedQuerySet(models.QuerySet[M, M]):
    """Creates rows whose ids exist before they are sealed; refuses to write encrypted columns in bulk."""

    def update(self, **kwargs: Any) -> int:
        """Write columns that are not encrypted."""
        _refuse(self.model, kwargs, "update()")
        return super().update(**kwargs)

    def bulk_update(self, objs: Iterable[M], fields: Iterable[str], batch_size: int | None = None) -> int:
        """Write columns that are not encrypted."""
        names = list(fields)
        _refuse(self.model, names, "bulk_update()")
        return super().bulk_update(objs, names, batch_size)

    def bulk_create(
        self,
        objs: Iterable[M],
        batch_size: int | None = None,
        ignore_conflicts: bool = False,  # noqa: FBT001, FBT002 - Django's signature
        update_conflicts: bool = False,  # noqa: FBT001, FBT002 - Django's signature
        update_fields: Collection[str] | None = None,
        unique_fields: Collection[str] | None = None,
    ) -> list[M]:
        """Create rows; on a conflict the other row's cells stay as they are."""
        if update_conflicts:
            _refuse(self.model, update_fields or (), "update_conflicts")
        rows = list(objs)
        _give_ids(self.model, [row for row in rows if row.pk is None], self.db)
        created = super().bulk_create(
            rows,
            batch_size=batch_size,
            ignore_conflicts=ignore_conflicts,
            update_conflicts=update_conflicts,
            update_fields=update_fields,
            unique_fields=unique_fields,
        )
        for row in created:
            cast("EncryptedModel", row)._settle()
        return created


class EncryptedManager(models.Manager[M]):
    """The manager of encrypted rows."""

    def get_queryset(self) -> EncryptedQuerySet[M]:
        """Rows by way of EncryptedQuerySet."""
        return EncryptedQuerySet(self.model, using=self._db, hints=getattr(self, "_hints", None))


class EncryptedModel(models.Model):
    """A row with encrypted columns.

    Reading opens a cell with the row's id, its holder's id and `enc_version`. Any write of an encrypted column seals
    all of the row's again in one UPDATE guarded by the version that was read: of two writers one gets RowChanged. A
    cell put back alone does not open; a whole row put back does (settled.md 8). A save that changes no encrypted
    column leaves them, and the version, alone.
    """

    #: The name of the column with the holder's id; "" for rows that belong to nobody (the service's key).
    encrypted_for: ClassVar[str] = "holder_id"

    enc_version = models.BigIntegerField(default=1, editable=False)

    objects: ClassVar[EncryptedManager[Self]] = EncryptedManager()

    class Meta:
        abstract = True

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **kwargs: Any) -> Self:
        """Remember whose row it is, as read."""
        row = super().from_db(db, field_names, values, **kwargs)
        row._state.__dict__["enc_owner"] = row.__dict__.get(cls.encrypted_for)
        return row

    def refresh_from_db(
        self,
        using: str | None = None,
        fields: Iterable[str] | None = None,
        from_queryset: models.QuerySet[Any] | None = None,
    ) -> None:
        """Read again. The version and the cells that it covers are always read together."""
        if fields is not None:
            names = set(fields)
            if names & _guarded_names(type(self)):
                # What was assigned and not named here stays as assigned.
                cells = [field for field in _encrypted(type(self)) if not field.is_pending(self)]
                names |= {"enc_version", *(field.attname for field in cells)}
            fields = names
        super().refresh_from_db(using, fields, from_queryset)
        if fields is None or self.encrypted_for in names:
            self._state.__dict__["enc_owner"] = self.__dict__.get(self.encrypted_for)

    @classmethod
    def check(cls, **kwargs: Any) -> list[checks.CheckMessage]:
        """Name what would fail at run time."""
        found = list(super().check(**kwargs))
        columns = {field.attname for field in cls._meta.concrete_fields}
        if cls.encrypted_for and cls.encrypted_for not in columns:
            message = f"encrypted_for = {cls.encrypted_for!r} names no column of this model."
            found.append(checks.Error(message, obj=cls, id="crypto.E006"))
        # A proxy has its parent without a link: the same table.
        if any(link is not None for link in cls._meta.parents.values()):
            found.append(checks.Error("An EncryptedModel cannot inherit another table.", obj=cls, id="crypto.E007"))
        if _auto_field(cls) is not None and not isinstance(cls._default_manager.all(), EncryptedQuerySet):
            hint = "Derive its default manager from EncryptedManager: ids must exist before rows are sealed."
            found.append(checks.Error("Its default manager is another.", hint=hint, obj=cls, id="crypto.E008"))
        return found

    def _save_table(
        self,
        raw: bool = False,  # noqa: FBT001, FBT002 - Django's signature
        cls: type[models.Model] | None = None,
        force_insert: bool = False,  # noqa: FBT001, FBT002 - Django's signature
        force_update: bool = False,  # noqa: FBT001, FBT002 - Django's signature
        using: str | None = None,
        update_fields: Collection[str] | None = None,
    ) -> bool:
        save: Callable[..., bool] = super()._save_table  # type: ignore[misc]
        if self.pk is None:
            _give_ids(type(self), [self], using)
        if raw:
            self._restore()
            return save(raw, cls, force_insert, force_update, using, update_fields)
        if self._state.adding and not force_update and not update_fields:
            # No UPDATE first: a row that exists under this id is not to be written over by a new one.
            saved = save(raw, cls, True, force_update, using, update_fields)  # noqa: FBT003 - Django's signature
            self._settle()
            return saved
        return self._save_again(save, cls, using, update_fields)

    def _save_again(
        self,
        save: Callable[..., bool],
        cls: type[models.Model] | None,
        using: str | None,
        update_fields: Collection[str] | None,
    ) -> bool:
        owner = self._state.__dict__.get("enc_owner")
        if owner is not None and owner != self.__dict__.get(self.encrypted_for, owner):
            raise EncryptedFieldError("the holder of a row with encrypted columns does not change")
        guarded = _guarded_names(type(self))
        columns = [field for field in self._meta.concrete_fields if not field.primary_key and not field.generated]
        chosen = {field.name for field in columns}
        if update_fields is not None:
            chosen &= {self._meta.get_field(name).name for name in update_fields}
        if not chosen & guarded or not any(field.is_pending(self) for field in _encrypted(type(self))):
            plain = chosen - guarded
            return save(False, cls, False, bool(plain), using, frozenset(plain)) if plain else True  # noqa: FBT003 - Django's signature
        # Open everything under the version it was sealed with, before that changes.
        for field in _encrypted(type(self)):
            field.clear_value(self)
        read = self.enc_version
        self.enc_version = read + 1
        self._state.__dict__["enc_guard"] = read
        names = {field.name for field in columns if field.name in guarded}
        try:
            save(False, cls, False, True, using, frozenset(chosen | names))  # noqa: FBT003 - Django's signature
        except BaseException:
            self.enc_version = read
            raise
        finally:
            del self._state.__dict__["enc_guard"]
        self._settle()
        return True

    def _do_update(self, base_qs: models.QuerySet[Any], *args: Any) -> Any:
        read = self._state.__dict__.get("enc_guard")
        if read is None:
            return super()._do_update(base_qs, *args)
        updated = super()._do_update(base_qs.filter(enc_version=read), *args)
        if not updated:
            raise RowChanged
        return updated

    def _settle(self) -> None:
        """What was written is now what the row holds."""
        self.__dict__.update(self._state.__dict__.pop("enc_written", {}))
        self._state.__dict__["enc_owner"] = self.__dict__.get(self.encrypted_for)

    def _restore(self) -> None:
        """Make a fixture's values ready: sealed ones go in as they are, clear ones are sealed now."""
        for field in _encrypted(type(self)):
            held = self.__dict__.get(field.attname)
            if isinstance(held, Unsealed):
                token = keyring.seal(field.encode(held.value), cell=field.cell(self), keys=field.keys)
                self.__dict__[field.attname] = Restored(token)


def _encrypted(model: type[models.Model]) -> list[EncryptedField[Any]]:
    found: list[EncryptedField[Any]] | None = model.__dict__.get("_encrypted_fields")
    if found is None:
        found = [field for field in model._meta.concrete_fields if isinstance(field, EncryptedField)]
        model._encrypted_fields = found  # type: ignore[attr-defined]
    return found


def _guarded_names(model: type[models.Model]) -> set[str]:
    found: set[str] | None = model.__dict__.get("_guarded_columns")
    if found is None:
        kinds = (EncryptedField, BlindIndexField, NextIndexField)
        fields = [field for field in model._meta.concrete_fields if isinstance(field, kinds)]
        found = {"enc_version", *(field.name for field in fields), *(field.attname for field in fields)}
        model._guarded_columns = found  # type: ignore[attr-defined]
    return found


def _refuse(model: type[models.Model], names: Iterable[str], what: str) -> None:
    if touched := sorted(_guarded_names(model).intersection(names)):
        raise EncryptedFieldError(f"{what} cannot write {', '.join(touched)}, encrypted for its row: assign and save()")


def _auto_field(model: type[models.Model]) -> "models.Field[Any, Any] | None":
    # A proxy's own options know of none.
    return (model._meta.concrete_model or model)._meta.auto_field


def _give_ids(model: type[models.Model], rows: Sequence[models.Model], using: str | None) -> None:
    """Ids from the sequence before the INSERT: a cell is sealed for its row's id."""
    column = _auto_field(model)
    if not rows or column is None:
        return
    connection = connections[using or router.db_for_write(model)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [connection.ops.quote_name(model._meta.db_table), column.column, len(rows)],
        )
        for row, (number,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = number
