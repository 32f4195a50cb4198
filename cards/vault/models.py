"""The vault's tables: numbers, the domains and places that they work in, and what was spent with them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from privacy.crypto.fields import (
    BlindIndexField,
    EncryptedJSONField,
    EncryptedModel,
    EncryptedTextField,
    NextIndexField,
)
from wallet.core.models import DatabaseNow


class TokenDomain(models.Model):
    """The merchants of one platform link; `ref` is opaque here (payments' link id)."""

    ref = models.TextField(primary_key=True)
    #: Whose link it is; "" where the room above did not say.
    holder_id = models.TextField(default="")
    #: What the platform is called towards people.
    name = models.TextField()
    #: Merchant ids, and descriptor prefixes that end in `*` (settled.md 16).
    merchants = ArrayField(models.TextField(), default=list)
    created_at = models.DateTimeField(db_default=DatabaseNow())

    def __str__(self) -> str:
        return self.ref


class CardNumber(EncryptedModel):
    """One number of a card. `life`: nothing in law asks to keep it, the transactions carry ids of their own.

    The card's own number has the card's id. Each other is a token for one place, with an id of its own (`num_…`): the
    domain of a platform link, or a merchant (`NumberPlace`).
    """

    id = models.TextField(primary_key=True)
    card_id = models.TextField(db_index=True)
    holder_id = models.TextField(db_index=True)
    #: "" once shredded. Where a card network keeps the number: what that calls it.
    pan = EncryptedTextField(keys="life")
    #: Stays when the number is shredded, so that it is not drawn again while the index key lives.
    pan_index = BlindIndexField(of="pan", keeps_emptied=True, unique=True)
    pan_index_next = NextIndexField(of="pan_index", unique=True)
    #: "" until the network that makes it has made it.
    last4 = models.TextField()
    #: `YYYY-MM`; the number works to the end of that month.
    expiry = models.TextField()
    cvc_version = models.IntegerField()
    domain = models.ForeignKey(TokenDomain, null=True, on_delete=models.PROTECT, related_name="+")
    #: Limits of a token, in minor units of the card's currency; null does not limit.
    per_payment_minor = models.BigIntegerField(null=True)
    total_minor = models.BigIntegerField(null=True)
    #: The last day of a token's life, if its owner set one.
    ends_on = models.DateField(null=True)
    created_at = models.DateTimeField(db_default=DatabaseNow())
    shredded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(id=models.F("card_id")) | models.Q(id__startswith="num_"), name="cardnumber_named"
            ),
            models.CheckConstraint(
                condition=(models.Q(per_payment_minor=None) | models.Q(per_payment_minor__gt=0))
                & (models.Q(total_minor=None) | models.Q(total_minor__gt=0)),
                name="cardnumber_limits",
            ),
            # A shop prints the last four digits: those of two places must never be the same by chance.
            models.UniqueConstraint(
                fields=["card_id", "last4"],
                name="cardnumber_last4_apart",
                condition=models.Q(shredded_at=None) & ~models.Q(last4=""),
            ),
        ]

    def __str__(self) -> str:
        return self.id


class NumberPlace(EncryptedModel):
    """The merchant that a token was made for: `{merchant, name}`, sealed, because it says where somebody buys."""

    number = models.OneToOneField(CardNumber, primary_key=True, on_delete=models.PROTECT, related_name="place")
    holder_id = models.TextField()
    place = EncryptedJSONField(keys="life")


class NumberSpending(models.Model):
    """What was spent with a token; written by `sql/tokens.sql` alone, under the card's lock."""

    number = models.OneToOneField(CardNumber, primary_key=True, on_delete=models.PROTECT, related_name="spending")
    spent_minor = models.BigIntegerField()
    #: Approved payments of more than nothing.
    payments = models.IntegerField()
    used_at = models.DateTimeField()
