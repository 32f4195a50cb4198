"""The bodies that this room sends to platforms."""

from typing import ClassVar

from rest_framework import serializers

from payments.platforms.models import LinkStatus
from privacy.exposure.schema import ClosedSchema, Member
from privacy.fields import FieldClass
from wallet.core.members import (
    LocaleField,
    MoneyField,
    PublicIdField,
    StrictBooleanField,
    StrictCharField,
    StrictIntegerField,
    StrictSerializer,
)


class TokenBody(ClosedSchema):
    """Tokens of a client itself, and every token that was refreshed (RFC 6749)."""

    access_token = StrictCharField(max_length=255)
    expires_in = StrictIntegerField(min_value=1, max_value=3600)
    token_type = serializers.ChoiceField(choices=["Bearer"])
    scope = StrictCharField(max_length=100)

    class Meta:
        schema = "oauth_client_token"
        #: About `credential`, behind whom nobody stands: a live token belongs in nobody's log, not even the person's.
        members: ClassVar = {
            "access_token": Member(FieldClass.ACCESS_TOKEN, about=("credential",)),
            "expires_in": Member(None),
            "token_type": Member(None),
            "scope": Member(None),
        }


class RefreshedTokenBody(TokenBody):
    """A refreshed pair."""

    refresh_token = StrictCharField(max_length=255)

    class Meta:
        schema = "oauth_refreshed_token"
        members: ClassVar = {
            **TokenBody.Meta.members,
            "refresh_token": Member(FieldClass.ACCESS_TOKEN, about=("credential",)),
        }


class LinkTokenBody(RefreshedTokenBody):
    """The answer to an authorization code: tokens, and the platform's only handle on the person."""

    link = PublicIdField("link")

    class Meta:
        schema = "oauth_link_token"
        members: ClassVar = {
            **RefreshedTokenBody.Meta.members,
            "link": Member(FieldClass.LINK_HANDLE, about=("holder",)),
        }


class OAuthErrorBody(ClosedSchema):
    """An error of RFC 6749: words of the standard, nothing about anybody."""

    error = StrictCharField(max_length=60)
    error_description = StrictCharField(max_length=300, allow_null=True)

    class Meta:
        schema = "oauth_error"
        members: ClassVar = {"error": Member(None), "error_description": Member(None)}


class LinkBody(ClosedSchema):
    """What a platform may ask about a person: that the handle lives, and whether one tap may be tried."""

    id = PublicIdField("link", help_text="link_…: the handle; random, another one after unlinking")
    status = serializers.ChoiceField(choices=[LinkStatus.ACTIVE.value, LinkStatus.ENDED.value])
    one_tap = StrictBooleanField(help_text="whether the person has allowed one-tap payments at all")

    class Meta:
        schema = "link"
        members: ClassVar = {
            "id": Member(FieldClass.LINK_HANDLE, about=("holder",)),
            "status": Member(FieldClass.OBJECT_STATE, about=("holder",)),
            "one_tap": Member(FieldClass.LINK_ONE_TAP, about=("holder",)),
        }


# --- Suggestions -----------------------------------------------------------------------------------


class ContextMessageInput(StrictSerializer):
    """An earlier message of the thread."""

    sender = StrictCharField(max_length=64, min_length=1)
    text = StrictCharField(max_length=2000)


class SuggestionInput(StrictSerializer):
    """A chat message; labels of people are labels of this call, never links (settled.md 17)."""

    text = StrictCharField(max_length=2000)
    locale = LocaleField(default="en", allow_null=True, help_text="the sender's setting, BCP 47")
    sender = StrictCharField(max_length=64, min_length=1, required=False, allow_null=True)
    participants = serializers.ListField(
        child=StrictCharField(max_length=64, min_length=1), required=False, allow_null=True, max_length=100
    )
    context = ContextMessageInput(  # type: ignore[assignment,call-arg]  # DRF makes a list serializer of it
        many=True, required=False, allow_null=True, max_length=3
    )


class SuggestionFound(ClosedSchema):
    """What was found in the text."""

    intent = serializers.ChoiceField(choices=["request_money", "offer_money", "split_bill"])
    amount = MoneyField(allow_null=True)
    shares = StrictIntegerField(min_value=1, max_value=100_000, allow_null=True)
    debtor = StrictCharField(max_length=64, allow_null=True, help_text="a label of this call, or * for everybody")
    creditor = StrictCharField(max_length=64, allow_null=True)
    confidence = serializers.FloatField(min_value=0, max_value=1)
    spans = serializers.ListField(
        child=serializers.ListField(child=StrictIntegerField(min_value=0, max_value=2000), max_length=2),
        max_length=100,
        help_text="[from, to] in code points of the text, end exclusive",
    )

    class Meta:
        members: ClassVar = dict.fromkeys(
            ("intent", "amount", "shares", "debtor", "creditor", "confidence", "spans"),
            Member(FieldClass.MESSAGE_FINDING),
        )


class SuggestionBody(ClosedSchema):
    """The finding, or null. Nothing is kept, and nobody known is behind it."""

    suggestion = SuggestionFound(allow_null=True)

    class Meta:
        schema = "suggestion"
        members: ClassVar = {"suggestion": Member(None)}


__all__ = [
    "ContextMessageInput", "LinkBody", "LinkTokenBody", "OAuthErrorBody", "RefreshedTokenBody", "SuggestionBody",
    "SuggestionInput", "TokenBody",
]  # fmt: skip
