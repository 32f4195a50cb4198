"""`GET /v1/link` for platforms; `/v1/links` for the holder's own programs."""

from datetime import UTC
from functools import partial
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from payments.platforms import links
from payments.platforms.authentication import bearer_of
from payments.platforms.mandates import Terms
from payments.platforms.models import Link, LinkStatus, Mandate
from payments.platforms.schemas import LinkBody
from payments.platforms.scopes import LINK
from privacy.exposure.api import Answer as DisclosedAnswer
from privacy.exposure.api import DisclosingView
from privacy.fields import Purpose
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.api import cursor_page
from wallet.core.errors import Invalid, NotFound
from wallet.core.holder_api import Answer, HolderView, is_session
from wallet.core.members import MoneyField, PublicIdField, StrictBooleanField, StrictCharField, StrictSerializer
from wallet.core.money import Money
from wallet.users import acts, stepup
from wallet.users.people import get_holder


class OwnLinkView(DisclosingView):
    """The link whose token this is."""

    scopes = {"GET": frozenset({LINK})}
    answers = {"GET": {200: LinkBody}}
    problems = {"GET": frozenset({404})}
    purpose = Purpose.LINKING

    @extend_schema(operation_id="get_own_link")
    def get(self, request: Request) -> DisclosedAnswer:
        """The handle, whether it lives, and whether one tap may be tried."""
        bearer = bearer_of(request)
        link = links.find_active(holder_id=bearer.holder_id, platform_id=bearer.platform.pk)
        if link is None:
            raise NotFound
        body = {"id": link.id, "status": link.status, "one_tap": Mandate.objects.get(link=link).one_tap}
        return DisclosedAnswer(LinkBody, body, {"holder": link.holder_id})


# --- The holder's own view --------------------------------------------------------------------------


class MandateShape(serializers.Serializer[Any]):
    """What one tap may do."""

    one_tap = StrictBooleanField()
    refunds = StrictBooleanField()
    per_payment = MoneyField()
    per_day = MoneyField()
    per_week = MoneyField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)


class PlatformShape(serializers.Serializer[Any]):
    """Who is linked."""

    name = StrictCharField(max_length=60)


class LinkShape(serializers.Serializer[Any]):
    """A link, as its holder sees it."""

    id = PublicIdField("link")
    status = serializers.ChoiceField(choices=[LinkStatus.ACTIVE.value, LinkStatus.ENDED.value])
    platform = PlatformShape()
    alias = StrictCharField(max_length=60)
    card = PublicIdField("card", allow_null=True)
    hide_note = StrictBooleanField()
    mandate = MandateShape()
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class LinkPageShape(serializers.Serializer[Any]):
    """Links, newest first."""

    data = LinkShape(many=True)  # type: ignore[assignment]  # DRF takes declared fields off the class
    next_cursor = serializers.CharField(allow_null=True)


class MandateInput(StrictSerializer):
    """Changes to the mandate; amounts in its own currency."""

    one_tap = StrictBooleanField(required=False)
    refunds = StrictBooleanField(required=False)
    per_payment = MoneyField(required=False)
    per_day = MoneyField(required=False)
    per_week = MoneyField(required=False, allow_null=True)
    until = serializers.DateTimeField(required=False, allow_null=True)


class LinkInput(StrictSerializer):
    """Changes to a link."""

    alias = StrictCharField(max_length=60, required=False, allow_blank=True)
    hide_note = StrictBooleanField(required=False)
    mandate = MandateInput(required=False)


def show(link: Link) -> dict[str, Any]:
    """The link in JSON values."""
    mandate = link.mandate
    week = mandate.per_week_minor
    return {
        "id": link.id,
        "status": link.status,
        "platform": {"name": link.platform.name},
        "alias": link.alias,
        "card": link.card_id,
        "hide_note": link.hide_note,
        "mandate": {
            "one_tap": mandate.one_tap,
            "refunds": mandate.refunds,
            "per_payment": mandate.money(mandate.per_payment_minor).as_json(),
            "per_day": mandate.money(mandate.per_day_minor).as_json(),
            "per_week": None if week is None else mandate.money(week).as_json(),
            "until": mandate.until,
        },
        "created_at": link.created_at,
        "ended_at": link.ended_at,
    }


class LinksView(HolderView):
    """The platforms that are linked."""

    @extend_schema(operation_id="list_links", responses={200: LinkPageShape})
    def get(self, request: Request) -> Answer:
        """Your links, active and ended, newest first."""
        rows, cursor = cursor_page(links.list_links(self.holder_id(request)), request)
        return Answer(200, {"data": [show(row) for row in rows], "next_cursor": cursor})


class LinkView(HolderView):
    """One link of yours."""

    request_serializer = LinkInput

    @extend_schema(operation_id="get_link", responses={200: LinkShape})
    def get(self, request: Request, link_id: str) -> Answer:
        """Read it."""
        return Answer(200, show(links.get_link(self.holder_id(request), link_id)))

    @extend_schema(operation_id="change_link", request=LinkInput, responses={200: LinkShape})
    def patch(self, request: Request, link_id: str) -> Answer:
        """Change its mandate, its alias, or what is left out; only what you send changes."""
        values = self.parse(LinkInput, request)
        holder_id, now = self.holder_id(request), clock.now()
        links.get_link(holder_id, link_id)
        sent = values.get("mandate")
        if sent and is_session(request):
            # As on the link's page: whoever finds a browser signed in does not raise what one tap may take (P16).
            acts.may(get_holder(holder_id), acts.Act.LINK, now)
            stepup.require(request._request)  # noqa: SLF001 - DRF keeps Django's request there
        links.change_link(
            holder_id=holder_id, link_id=link_id, revise=partial(_changed, sent=sent) if sent else None,
            alias=values.get("alias"), hide_note=values.get("hide_note"), now=now,
        )  # fmt: skip
        return Answer(200, show(links.get_link(holder_id, link_id)))

    @extend_schema(operation_id="end_link", responses={204: None})
    def delete(self, request: Request, link_id: str) -> Answer:
        """End it: its tokens die, its open requests are canceled, its card closes, all at once."""
        holder_id = self.holder_id(request)
        links.end_link(holder_id=holder_id, link_id=link_id, actor=Actor.holder(holder_id), now=clock.now())
        return Answer(204, {})


def _changed(now: Terms, *, sent: dict[str, Any]) -> Terms:
    until = sent.get("until", now.until)
    return Terms(
        currency=now.currency,
        per_payment_minor=_minor(sent, "per_payment", now.currency, now.per_payment_minor) or 0,
        per_day_minor=_minor(sent, "per_day", now.currency, now.per_day_minor) or 0,
        per_week_minor=_minor(sent, "per_week", now.currency, now.per_week_minor),
        until=until.astimezone(UTC) if until is not None else None,
        one_tap=sent.get("one_tap", now.one_tap),
        refunds=sent.get("refunds", now.refunds),
    )


def _minor(sent: dict[str, Any], name: str, currency: str, unchanged: int | None) -> int | None:
    if name not in sent:
        return unchanged
    amount: Money | None = sent[name]
    if amount is None:
        return None
    if amount.currency != currency:
        raise Invalid(f"must be {currency}, the card's currency", pointer=f"/mandate/{name}/currency")
    return amount.minor
