"""The bodies of payment requests: what a platform sends, and what leaves towards it."""

from typing import Any, ClassVar

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override
from rest_framework import serializers

from payments.platforms.models import LinkStatus
from payments.requests import sides
from payments.requests.models import DEFAULT_LIFE, MAX_LIFE, MIN_LIFE, PaymentRequest, RequestStatus
from privacy.exposure.schema import ClosedSchema, Member, page_of
from privacy.fields import Basis, FieldClass
from wallet.core.members import (
    LocaleField,
    MoneyField,
    PublicIdField,
    StrictCharField,
    StrictIntegerField,
    StrictSerializer,
)
from wallet.core.money import Money, format_money

_BOTH = ("payee", "payer")
_TITLE = 20


class PaymentRequestInput(StrictSerializer):
    """What a platform asks for."""

    payee = PublicIdField("link", help_text="who gets the money: an active link of yours")
    payer = PublicIdField(
        "link", required=False, allow_null=True, help_text="who shall pay; null: anybody who has the URL"
    )
    amount = MoneyField()
    note = StrictCharField(max_length=140, required=False, allow_null=True, allow_blank=True)
    reference = StrictCharField(max_length=64, required=False, allow_null=True, allow_blank=True)
    expires_in = StrictIntegerField(
        min_value=MIN_LIFE, max_value=MAX_LIFE, default=DEFAULT_LIFE, allow_null=True,
        help_text="seconds; null is the default",
    )  # fmt: skip
    locale = LocaleField(required=False, allow_null=True, help_text="of button.title, BCP 47; else English")


class Button(ClosedSchema):
    """What to put under the message."""

    title = StrictCharField(max_length=_TITLE)
    url = serializers.URLField(max_length=300)

    class Meta:
        members: ClassVar = {
            "title": Member(FieldClass.PAYMENT_AMOUNT, about=_BOTH),
            "url": Member(FieldClass.OBJECT_ID, about=_BOTH),
        }


class PaymentRequestBody(ClosedSchema):
    """A payment request. `payer` is what you sent, never who paid."""

    id = PublicIdField("preq")
    status = serializers.ChoiceField(choices=[status.value for status in RequestStatus])
    amount = MoneyField()
    payee = PublicIdField("link")
    payer = PublicIdField("link", allow_null=True)
    note = StrictCharField(max_length=140, allow_null=True)
    reference = StrictCharField(max_length=64, allow_null=True)
    pay_url = serializers.URLField(max_length=300)
    button = Button()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True)
    refunded = MoneyField(minimum=0)

    class Meta:
        schema = "payment_request"
        members: ClassVar = {
            "id": Member(FieldClass.OBJECT_ID, about=_BOTH),
            "status": Member(FieldClass.PAYMENT_STATUS, about=_BOTH),
            "amount": Member(FieldClass.PAYMENT_AMOUNT, about=_BOTH),
            "payee": Member(FieldClass.LINK_HANDLE, about=("payee",)),
            "payer": Member(FieldClass.LINK_HANDLE, about=("payer",)),
            "note": Member(FieldClass.PAYMENT_NOTE, about=_BOTH),
            "reference": Member(FieldClass.PAYMENT_REFERENCE, about=_BOTH),
            "pay_url": Member(FieldClass.OBJECT_ID, about=_BOTH),
            "button": Member(None),
            "created_at": Member(FieldClass.OBJECT_TIME, about=_BOTH),
            "expires_at": Member(FieldClass.OBJECT_TIME, about=_BOTH),
            "paid_at": Member(FieldClass.OBJECT_TIME, about=_BOTH),
            "refunded": Member(FieldClass.PAYMENT_AMOUNT, about=_BOTH),
        }


PaymentRequestPage = page_of(PaymentRequestBody, "payment_request_page")


class PayBody(ClosedSchema):
    """The answer to one tap: paid, held until all of a split have approved, or the page where the person decides.

    `requires_approval` has the same bytes whatever the reason.
    """

    id = PublicIdField("preq")
    status = serializers.ChoiceField(choices=["paid", "held", "requires_approval"])
    approve_url = serializers.URLField(max_length=300, allow_null=True)

    class Meta:
        schema = "payment_request_pay"
        members: ClassVar = {
            "id": Member(FieldClass.OBJECT_ID, about=("payer",)),
            "status": Member(FieldClass.PAYMENT_STATUS, about=("payer",)),
            "approve_url": Member(FieldClass.OBJECT_ID, about=("payer",)),
        }


class PayerPageBody(ClosedSchema):
    """What a person reads about the one who asks them; nothing else about the payee stands on the page."""

    id = PublicIdField("preq")
    name = StrictCharField(max_length=60)
    amount = MoneyField()
    note = StrictCharField(max_length=140)

    class Meta:
        schema = "payer_page"
        members: ClassVar = {
            "id": Member(FieldClass.OBJECT_ID, about=("payee",)),
            "name": Member(FieldClass.CONTACT_ALIAS, about=("payee",)),
            "amount": Member(FieldClass.PAYMENT_AMOUNT, about=("payee",)),
            "note": Member(FieldClass.PAYMENT_NOTE, about=("payee",)),
        }


class PayeeReadsBody(ClosedSchema):
    """What the one who asked reads about the payer, in a notice, in their activity and in their requests."""

    id = PublicIdField("preq")
    status = serializers.ChoiceField(choices=[status.value for status in RequestStatus])
    name = StrictCharField(max_length=60)
    amount = MoneyField()

    class Meta:
        schema = "payee_reads"
        members: ClassVar = {
            "id": Member(FieldClass.OBJECT_ID, about=("payer",)),
            "status": Member(FieldClass.PAYMENT_STATUS, about=("payer",)),
            "name": Member(FieldClass.CONTACT_ALIAS, about=("payer",)),
            "amount": Member(FieldClass.PAYMENT_AMOUNT, about=("payer",)),
        }


def pay_url(request_id: str) -> str:
    """The payer's page, on the wallet's own domain."""
    return f"{settings.PUBLIC_URL}/p/{request_id}"


def body_of(request: PaymentRequest) -> dict[str, Any]:
    """Every member, as this platform may read it."""
    url = pay_url(request.id)
    return {
        "id": request.id,
        "status": RequestStatus(request.status),
        "amount": request.amount,
        "payee": request.payee_link_id,
        "payer": request.payer_link_id,
        "note": sides.note_of(request),
        "reference": request.reference,
        "pay_url": url,
        "button": {"title": button_title(request.amount, request.locale), "url": url},
        "created_at": request.created_at,
        "expires_at": request.expires_at,
        "paid_at": request.paid_at,
        "refunded": Money(request.refunded_minor, request.currency),
    }


def people_of(request: PaymentRequest) -> dict[str, str | None]:
    """Whose data a body is: the payee, and whom the platform itself named or whose token paid."""
    named = request.payer_link or request.tapped_link
    return {"payee": request.payee_id, "payer": None if named is None else named.holder_id}


def basis_of(*requests: PaymentRequest) -> Basis:
    """Consent while the links live; afterwards only what was already carried out stays readable (settled.md 12)."""
    links = [link for request in requests for link in (request.payee_link, request.payer_link, request.tapped_link)]
    are_live = all(link is None or link.status == LinkStatus.ACTIVE for link in links)
    return Basis.CONSENT if are_live else Basis.CONTRACT


def button_title(amount: Money, locale: str) -> str:
    """At most 20 characters, in the request's language; without the amount where it does not fit."""
    language = locale.replace("_", "-").split("-")[0].lower()
    language = language if language in dict(settings.LANGUAGES) else "en"
    with override(language):
        title = _("Pay %(amount)s") % {"amount": format_money(amount, language)}
        return title if len(title) <= _TITLE else _("Pay")
