"""For each chat link: what was promised beside what was sent, what it may take, and a way to end it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from payments.platforms import links
from payments.platforms.models import Link, LinkStatus
from privacy.consent.consents import Consent
from privacy.fields import CLASS_LABELS, FieldClass
from wallet.core.money import Money


@dataclass(frozen=True, slots=True)
class Kept:
    """Promised against sent, in words."""

    allowed_and_sent: tuple[str, ...]
    allowed_never_sent: tuple[str, ...]
    #: Trimmed since: it was allowed when it was sent.
    once_allowed: tuple[str, ...]
    #: On no list that was ever agreed to.
    beside: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Promise:
    """A link as the dashboard shows it."""

    id: str
    platform_id: str
    name: str
    is_active: bool
    since: datetime
    ended_at: datetime | None
    one_tap: bool
    refunds: bool
    per_payment: Money
    per_day: Money
    until: datetime | None


def promises_of(holder_id: str, now: datetime) -> list[Promise]:
    """The holder's links, those that live first."""
    shown = [_promise(link, now) for link in links.list_links(holder_id)]
    return sorted(shown, key=lambda one: not one.is_active)


def kept(given: Iterable[Consent], sent: Collection[FieldClass], now: datetime) -> Kept:
    """Promised against sent, for one recipient.

    Args:
        given: every consent of the holder to it, past ones too.
        sent: the classes that it got, as the log has them.
        now: the database's time.
    """
    given = list(given)
    allowed = {one for consent in given if _is_live(consent, now) for one in consent.classes}
    ever = {one for consent in given for one in consent.classes}
    got = set(sent)
    return Kept(
        allowed_and_sent=_words(got & allowed),
        allowed_never_sent=_words(allowed - got),
        once_allowed=_words((got & ever) - allowed),
        beside=_words(got - ever),
    )


def _is_live(consent: Consent, now: datetime) -> bool:
    return consent.withdrawn_at is None and (consent.ends_at is None or consent.ends_at > now)


def _words(classes: Collection[FieldClass]) -> tuple[str, ...]:
    return tuple(str(CLASS_LABELS[one]) for one in FieldClass if one in classes)


def _promise(link: Link, now: datetime) -> Promise:
    mandate = link.mandate
    return Promise(
        id=link.id,
        platform_id=link.platform_id,
        name=link.platform.name,
        is_active=link.status == LinkStatus.ACTIVE,
        since=link.confirmed_at or link.created_at,
        ended_at=link.ended_at,
        one_tap=link.can_pay and mandate.one_tap and not mandate.is_over(now),
        refunds=mandate.refunds,
        per_payment=mandate.money(mandate.per_payment_minor),
        per_day=mandate.money(mandate.per_day_minor),
        until=mandate.until,
    )
