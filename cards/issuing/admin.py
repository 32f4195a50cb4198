"""The console's page of cards: never a number, and what its holder calls it only for a reason."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from cards.issuing.models import Card
from privacy.exposure.schema import ClosedSchema, Member
from privacy.fields import FieldClass
from wallet.core.console import ConsolePage, console
from wallet.core.members import PublicIdField, StrictCharField


class CardLook(ClosedSchema):
    """What says something about a card's owner."""

    id = PublicIdField("card", label=_("Id"))
    label = StrictCharField(max_length=60, allow_blank=True, label=_("What its holder calls it"))  # type: ignore[assignment]
    last4 = StrictCharField(max_length=4, label=_("Last four digits"))
    expiry = StrictCharField(max_length=7, label=_("Expiry"))

    class Meta:
        schema = "staff_card"
        members = {
            "id": Member(FieldClass.OBJECT_ID, about=("person",)),
            "label": Member(FieldClass.CARD_LABEL, about=("person",)),
            "last4": Member(FieldClass.CARD_LAST4_VIRTUAL, about=("person",)),
            "expiry": Member(FieldClass.CARD_EXPIRY_VIRTUAL, about=("person",)),
        }


@admin.register(Card, site=console)
class CardPage(ConsolePage):
    title, titles = _("card"), _("cards")
    list_display = ("id", "holder_id", "kind", "status", "currency", "created_at", "closed_at")
    fields = ("id", "holder_id", "kind", "status", "currency", "link", "created_at", "closed_at")
    list_filter = ("kind", "status", "currency")
    search_fields = ("=id", "=holder_id")
    ordering = ("-created_at", "id")
    look = CardLook

    def personal(self, thing: Card) -> Mapping[str, Any]:
        """Opened for one look."""
        return {"id": thing.id, "label": str(thing.label), "last4": thing.last4, "expiry": thing.expiry}
