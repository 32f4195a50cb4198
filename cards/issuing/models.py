"""Tables of cards and of reveals."""

from django.db import models

from cards.issuing.states import CardKind, CardStatus
from privacy.crypto.fields import EncryptedModel, EncryptedTextField
from wallet.core.ids import IdField
from wallet.core.models import DatabaseNow
from wallet.core.states import state_check


class Card(EncryptedModel):
    """A virtual card. Its money is the ledger account `card:<id>`, its number is in the vault."""

    id = IdField("card")
    holder_id = models.TextField(db_index=True)
    kind = models.TextField(choices=CardKind.choices)
    currency = models.TextField()
    label = EncryptedTextField(keys="life", max_length=60)
    status = models.TextField(choices=CardStatus.choices, default=CardStatus.ACTIVE)
    #: Raised by every change of state or rule.
    state_version = models.BigIntegerField(default=1)
    #: The platform link that a platform card belongs to; opaque here.
    link = models.TextField(null=True, db_index=True)
    controls = models.JSONField(default=dict)
    last4 = models.TextField()
    #: `YYYY-MM`.
    expiry = models.TextField()
    created_at = models.DateTimeField(db_default=DatabaseNow())
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            state_check(CardStatus, name="card_status"),
            state_check(CardKind, field="kind", name="card_kind"),
            models.CheckConstraint(
                condition=models.Q(kind="platform", link__isnull=False)
                | (~models.Q(kind="platform") & models.Q(link=None)),
                name="card_link_of_platform",
            ),
        ]

    def __str__(self) -> str:
        return self.id


class Reveal(EncryptedModel):
    """A number was shown to its owner; where they said they would type it is their own statement (settled.md 16)."""

    id = models.BigAutoField(primary_key=True)
    card = models.ForeignKey(Card, on_delete=models.PROTECT, related_name="reveals")
    #: A number for one place; "" for the card's own.
    number = models.TextField(default="", db_default="")
    holder_id = models.TextField()
    meant_for = EncryptedTextField(keys="life", max_length=60)
    at = models.DateTimeField(db_default=DatabaseNow())

    class Meta:
        indexes = [models.Index(fields=["card", "-at"], name="reveal_of_card")]
