"""The console's page of activity: where somebody bought and who paid them only for a reason."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from privacy.exposure.schema import ClosedSchema, Member
from privacy.fields import FieldClass
from wallet.activity import words
from wallet.activity.models import Line
from wallet.core.console import ConsolePage, codes, console, money
from wallet.core.members import PublicIdField, StrictCharField


class LineLook(ClosedSchema):
    """What a line says besides ids and amounts."""

    id = PublicIdField("act", label=_("Id"))
    merchant = StrictCharField(max_length=300, allow_blank=True, label=_("Shop or platform"))
    counterparty = StrictCharField(max_length=300, allow_blank=True, label=_("The other's alias"))

    class Meta:
        schema = "staff_line"
        members = {
            "id": Member(FieldClass.OBJECT_ID, about=("person",)),
            "merchant": Member(FieldClass.PURCHASE_MERCHANT, about=("person",)),
            "counterparty": Member(FieldClass.CONTACT_ALIAS, about=("person",)),
        }


_AMOUNT = money("amount_minor", _("Amount"))


@admin.register(Line, site=console)
class LinePage(ConsolePage):
    title, titles = _("line of activity"), _("activity")
    list_display = ("id", "at", "holder_id", "kind", "direction", _AMOUNT, "status", "ref")
    fields = ("id", "at", "holder_id", "kind", "direction", _AMOUNT, "status", "reason", "ref")
    list_filter = (
        codes("kind", words.KINDS),
        codes("status", words.STATUSES),
    )
    search_fields = ("=id", "=ref", "=holder_id")
    ordering = ("-at", "-id")
    look = LineLook

    def personal(self, thing: Line) -> Mapping[str, Any]:
        """Opened for one look."""
        return {"id": thing.id, "merchant": str(thing.merchant), "counterparty": str(thing.counterparty)}
