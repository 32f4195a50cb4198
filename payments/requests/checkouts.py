"""Checkouts: a bot sells something; what is paid is a payment request, with items, a tip and a way back around it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from payments.platforms.models import Platform
from payments.platforms.redirects import RedirectRefused, check_redirect_uri, origin_of
from payments.requests import asking, sides
from payments.requests.models import DEFAULT_LIFE, Checkout, PaymentRequest, Role
from payments.requests.sides import Item
from wallet.core.errors import Invalid, NotFound
from wallet.core.money import MAX_MINOR, Money
from wallet.core.transactions import owns_transaction

_NOTE = 140


@dataclass(frozen=True, slots=True)
class CheckoutWish:
    """What a platform's bot offers."""

    payee: str
    items: Sequence[Item]
    payer: str | None = None
    max_tip: Money | None = None
    suggested_tips: Sequence[Money] = ()
    reference: str | None = None
    return_url: str | None = None
    expires_in: int = DEFAULT_LIFE
    locale: str = "en"

    @property
    def total(self) -> Money:
        """What the items come to.

        Raises:
            Invalid: more than one payment can be.
        """
        minor = sum(item.amount.minor for item in self.items)
        if minor > MAX_MINOR:
            raise Invalid(f"must come to at most {MAX_MINOR}", pointer="/items")
        return Money(minor, self.items[0].amount.currency)


@owns_transaction
def create_checkout(*, platform: Platform, wish: CheckoutWish, now: datetime) -> PaymentRequest:
    """Open a checkout; returns the payment request that it is paid with.

    Raises:
        Invalid: a link that is not this platform's active one, payer and payee are one person, tips that do not fit,
            or a way back to an origin that the platform has not registered.
    """
    total, tips = wish.total, _tips(wish)
    return_url = _way_back(platform, wish.return_url)
    named = {wish.payee: "/payee", **({wish.payer: "/payer"} if wish.payer and wish.payer != wish.payee else {})}
    found = asking.usable_links(named, platform_id=platform.pk)
    if wish.payer == wish.payee:
        raise Invalid("must not be the payee", pointer="/payer")
    payee, payer = found[wish.payee], found[wish.payer] if wish.payer else None
    checkout = Checkout.objects.create(
        platform=platform, payee_id=payee.holder_id, total_minor=total.minor, currency=total.currency,
        max_tip_minor=0 if wish.max_tip is None else wish.max_tip.minor, suggested_tips_minor=tips,
        return_url=return_url,
    )  # fmt: skip
    sides.write_items(checkout=checkout, role=Role.PAYEE, holder_id=payee.holder_id, items=wish.items)
    if payer is not None:
        sides.write_items(checkout=checkout, role=Role.PAYER, holder_id=payer.holder_id, items=wish.items)
    request = PaymentRequest(
        platform=platform, payee_link=payee, payer_link=payer, reference=wish.reference, locale=wish.locale,
        created_at=now, expires_at=now + timedelta(seconds=wish.expires_in), checkout=checkout,
    )  # fmt: skip
    note = ", ".join(item.label for item in wish.items)
    asking.open_request(request, amount=total, note=note if len(note) <= _NOTE else f"{note[: _NOTE - 1]}…", now=now)
    return request


def _tips(wish: CheckoutWish) -> list[int]:
    most, last = 0 if wish.max_tip is None else wish.max_tip.minor, 0
    for number, tip in enumerate(wish.suggested_tips):
        if not last < tip.minor <= most:
            raise Invalid("must grow, up to max_tip", pointer=f"/suggested_tips/{number}/value")
        last = tip.minor
    return [tip.minor for tip in wish.suggested_tips]


def _way_back(platform: Platform, url: str | None) -> str:
    """A page on an origin of the platform's own redirect URIs: nobody is sent anywhere else."""
    if not url:
        return ""
    try:
        check_redirect_uri(url)
    except RedirectRefused as refused:
        raise Invalid(refused.detail, pointer="/return_url") from None
    if "\\" in url or origin_of(url) not in {origin_of(one) for one in platform.redirect_uris.split()}:
        raise Invalid("must be on an origin of your redirect URIs", pointer="/return_url")
    return url


@owns_transaction
def get_checkout(*, platform: Platform, checkout_id: str, now: datetime) -> PaymentRequest:
    """The request of one of the platform's own checkouts.

    Raises:
        NotFound: unknown or another platform's.
    """
    found = PaymentRequest.objects.filter(checkout=checkout_id, platform=platform).values_list("pk", flat=True).first()
    if found is None:
        raise NotFound
    return asking.get_request(platform=platform, request_id=found, now=now)
