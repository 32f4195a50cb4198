"""Tables: OAuth clients, authorization codes, links and mandates."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.db.models import Q
from oauth2_provider.models import AbstractApplication, AbstractGrant

from payments.platforms.scopes import ClientKind
from privacy.crypto.fields import EncryptedModel, EncryptedTextField
from wallet.core import clock
from wallet.core.ids import IdField
from wallet.core.models import DatabaseNow
from wallet.core.money import Money
from wallet.core.states import state_check


class LinkStatus(StrEnum):
    """`minted` is a handle that the consent page shows and nobody has agreed to; it never leaves."""

    MINTED = "minted"
    ACTIVE = "active"
    ENDED = "ended"


class Platform(AbstractApplication):
    """An OAuth client: a chat platform, or the wallet's own first-party client.

    The secret is random and long, so its plain SHA-256 is stored and compared (`validator.digest`); a slow hash would
    only hold up the web workers (settled.md 4).
    """

    id = IdField("plat")
    kind = models.TextField(choices=[("platform", "platform"), ("first_party", "first party")], default="platform")
    hash_client_secret = models.BooleanField(default=False)
    #: Merchant ids of the platform's own shops: a platform card works there (settled.md 16).
    merchants = models.JSONField(default=list)

    class Meta(AbstractApplication.Meta):
        swappable = "OAUTH2_PROVIDER_APPLICATION_MODEL"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind"], condition=Q(kind=ClientKind.FIRST_PARTY.value), name="one_first_party_client"
            )
        ]

    def allows_grant_type(self, *grant_types: str) -> bool:
        """By kind: the toolkit ties a client to one grant, ours use two (contract.md, OAuth)."""
        mine = {self.GRANT_AUTHORIZATION_CODE}
        if self.kind == ClientKind.PLATFORM:
            mine.add(self.GRANT_CLIENT_CREDENTIALS)
        return not mine.isdisjoint(grant_types)

    def redirect_uri_allowed(self, uri: str) -> bool:
        """Exact, character by character: no port, path or query of one's choice (P04)."""
        return uri in self.redirect_uris.split()


class AuthorizationCode(AbstractGrant):
    """A code, stored hashed; a redeemed one stays a day, so that its reuse revokes what it gave (P02)."""

    link = models.ForeignKey("payments.Link", null=True, on_delete=models.CASCADE, related_name="+")
    redeemed_at = models.DateTimeField(null=True)
    token_family = models.UUIDField(null=True)

    class Meta(AbstractGrant.Meta):
        swappable = "OAUTH2_PROVIDER_GRANT_MODEL"

    def is_expired(self) -> bool:
        """By the database's clock, whatever this machine's says (standard.md L12)."""
        return bool(clock.real() >= self.expires)


class Link(EncryptedModel):
    """A person on a platform: the only handle that the platform has, random for each linking."""

    encrypted_for = "holder_id"

    id = IdField("link")
    holder_id = models.TextField(db_index=True)
    platform = models.ForeignKey(Platform, on_delete=models.PROTECT)
    status = models.TextField(default=LinkStatus.MINTED.value)
    #: The card that one tap spends; null while the handle is only minted.
    card_id = models.TextField(null=True)
    #: What others on this platform read instead of a name.
    alias = EncryptedTextField(keys="life", default="")
    #: What was agreed to: whether tokens of this link may pay. More than that takes another linking.
    can_pay = models.BooleanField(default=False)
    #: Trimmed at consent: the platform's own note is not echoed to it.
    hide_note = models.BooleanField(default=False)
    consent_id = models.TextField(default="")
    created_at = models.DateTimeField(db_default=DatabaseNow())
    confirmed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    #: Answers `requires_approval` on this day, and whether one must be approved first (settled.md 13).
    approvals_on = models.DateField(null=True)
    approvals_asked = models.IntegerField(default=0)
    approval_due = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            state_check(LinkStatus, name="link_status"),
            models.UniqueConstraint(
                fields=["holder_id", "platform"], condition=Q(status="active"), name="one_active_link"
            ),
            models.UniqueConstraint(
                fields=["holder_id", "platform"], condition=Q(status="minted"), name="one_minted_link"
            ),
        ]

    def __str__(self) -> str:
        return self.id


class Mandate(models.Model):
    """What a link may spend with one tap, in the currency of its card. Windows are days and weeks in UTC."""

    link = models.OneToOneField(Link, primary_key=True, on_delete=models.CASCADE)
    one_tap = models.BooleanField(default=True)
    refunds = models.BooleanField(default=False)
    currency = models.TextField()
    per_payment_minor = models.BigIntegerField()
    per_day_minor = models.BigIntegerField()
    per_week_minor = models.BigIntegerField(null=True)
    until = models.DateTimeField(null=True)
    day_on = models.DateField(null=True)
    day_used_minor = models.BigIntegerField(default=0)
    week_on = models.DateField(null=True)
    week_used_minor = models.BigIntegerField(default=0)
    updated_at = models.DateTimeField(db_default=DatabaseNow())

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(per_payment_minor__gte=0)
                & Q(per_day_minor__gte=0)
                & Q(day_used_minor__gte=0)
                & Q(week_used_minor__gte=0),
                name="mandate_not_negative",
            )
        ]

    def __str__(self) -> str:
        return self.link_id

    def money(self, minor: int) -> Money:
        """An amount in the mandate's currency."""
        return Money(minor, self.currency)

    def is_over(self, now: datetime) -> bool:
        """Whether its last day has passed."""
        return self.until is not None and self.until <= now


class Block(models.Model):
    """A person wants no requests of another: the asker sees their requests open, then expired (settled.md 39)."""

    id = models.BigAutoField(primary_key=True)
    holder_id = models.TextField()
    blocked_id = models.TextField()
    created_at = models.DateTimeField(db_default=DatabaseNow())

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["holder_id", "blocked_id"], name="one_block")]

    def __str__(self) -> str:
        return str(self.id)


__all__ = ["AuthorizationCode", "Block", "Link", "LinkStatus", "Mandate", "Platform"]
