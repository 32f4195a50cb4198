"""Encrypted model fields (settled.md 8): declare whose key, read and assign as usual.

    class Contact(EncryptedModel):
        holder_id = models.TextField()
        alias = EncryptedTextField(keys="life", max_length=60)
        email = EncryptedTextField(keys="life", null=True)
        email_index = BlindIndexField(of="email", casefold=True, null=True, unique=True)
        email_index_next = NextIndexField(of="email_index", unique=True)

Works: create, save (with update_fields too), bulk_create, get_or_create, update_or_create, defer, only, across
relations too, raw(), in_bulk, refresh_from_db, the asynchronous doors, proxies, copies, pickles, forms, the admin,
full_clean, dumpdata and loaddata (sealed). Refused with EncryptedFieldError: update(), bulk_update, F(), Case, filters,
ordering, annotations and values() on an encrypted column; a child table is an error of the system checks. What two
people share is stored twice, one cell under each key.
"""

from privacy.crypto.aead import DecryptionFailed
from privacy.crypto.cells import EncryptedFieldError, Sealed
from privacy.crypto.columns import EncryptedJSONField, EncryptedTextField
from privacy.crypto.indexcolumns import BlindIndexField, NextIndexField
from privacy.crypto.rows import EncryptedManager, EncryptedModel, EncryptedQuerySet, RowChanged

__all__ = [
    "BlindIndexField",
    "DecryptionFailed",
    "EncryptedFieldError",
    "EncryptedJSONField",
    "EncryptedManager",
    "EncryptedModel",
    "EncryptedQuerySet",
    "EncryptedTextField",
    "NextIndexField",
    "RowChanged",
    "Sealed",
]
