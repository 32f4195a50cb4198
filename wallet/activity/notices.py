"""The in-app inbox: what a holder should know or do."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from privacy.crypto.keyring import KeyDestroyed
from wallet.activity.models import Notice
from wallet.core.errors import NotFound
from wallet.core.money import Money, format_money
from wallet.core.transactions import needs_transaction, owns_transaction


@dataclass(frozen=True, slots=True)
class Template:
    """A kind of notice: its sentence, with facts in %(name)s, and how much it presses."""

    text: str | Promise
    tone: str = "ok"


#: Facts that a sentence names and nobody gave are left blank.
KINDS: dict[str, Template] = {
    "payment_request": Template(gettext_lazy("%(name)s asks you for %(amount)s."), "warn"),
    "payment_received": Template(gettext_lazy("%(name)s paid you %(amount)s.")),
    "payment_approval": Template(gettext_lazy("%(name)s waits for your approval of %(amount)s."), "warn"),
    "payment_declined": Template(gettext_lazy("%(name)s declined your request for %(amount)s.")),
    "payment_released": Template(
        gettext_lazy("Not everybody paid %(name)s, so nobody does: your %(amount)s is free again.")
    ),
    "refund_received": Template(gettext_lazy("%(name)s gave you %(amount)s back.")),
    "refund_approval": Template(gettext_lazy("%(name)s asks for %(amount)s back."), "warn"),
    "top_up_succeeded": Template(gettext_lazy("Your top-up of %(amount)s has arrived.")),
    "top_up_failed": Template(gettext_lazy("Your top-up of %(amount)s did not work; nothing was taken."), "warn"),
    "top_up_disputed": Template(gettext_lazy("Your bank disputes a top-up of %(amount)s."), "stop"),
    "withdrawal_succeeded": Template(gettext_lazy("%(amount)s was sent back to where it came from.")),
    "withdrawal_failed": Template(
        gettext_lazy("%(amount)s could not be sent back; it is in your wallet again."), "warn"
    ),
    "parked": Template(
        gettext_lazy("%(amount)s waits above your limit until there is room for it."), "warn"
    ),
    "parked_returned": Template(gettext_lazy("%(amount)s that waited above your limit went back.")),
    "parked_came_back": Template(gettext_lazy("%(amount)s came back: it was above the receiver's limit.")),
    "leak": Template(
        gettext_lazy(
            "You meant a card number for %(name)s alone. It was tried at %(merchant)s:"
            " %(name)s, or somebody who saw it, passed it on."
        ),
        "stop",
    ),
    "card_declined": Template(gettext_lazy("A payment at %(merchant)s was declined."), "warn"),
    "sign_in": Template(gettext_lazy("New sign-in: %(device)s. If that was not you, sign it out in the settings.")),
    "passkey_added": Template(gettext_lazy("A passkey was added to your wallet."), "warn"),
    "passkey_removed": Template(gettext_lazy("A passkey was removed from your wallet."), "warn"),
    "passkey_suspected": Template(
        gettext_lazy("One of your passkeys may have been copied. Remove it and add another."), "stop"
    ),
    "password_changed": Template(gettext_lazy("Your password was changed."), "warn"),
    "codes_renewed": Template(gettext_lazy("New recovery codes were made; the old ones no longer work.")),
    "recovered": Template(
        gettext_lazy("A recovery code was used. For 24 hours no number is shown, nothing is linked or paid out."),
        "stop",
    ),
    "wallet_paused": Template(
        gettext_lazy("Your wallet is paused: nothing can be paid from it for now. Please contact support."), "stop"
    ),
    "wallet_resumed": Template(gettext_lazy("Your wallet is no longer paused.")),
    "manual_credit": Template(gettext_lazy("The operator of this wallet gave you %(amount)s.")),
    "manual_debit": Template(gettext_lazy("The operator of this wallet took back %(amount)s."), "warn"),
    "link_made": Template(gettext_lazy("%(name)s is now linked to your wallet.")),
    "link_ended": Template(gettext_lazy("The link with %(name)s has ended.")),
    "webhooks_given_up": Template(
        gettext_lazy("Webhooks of your app %(name)s do not arrive: one was given up after all its attempts."), "warn"
    ),
    "webhooks_disabled": Template(
        gettext_lazy("An endpoint of your app %(name)s answered 410: no more webhooks go there."), "warn"
    ),
}  # fmt: skip

#: Where an id of each prefix is looked at.
PLACES: dict[str, str] = {
    "preq": "/p/{ref}", "top": "/top-ups/{ref}", "wd": "/withdrawals/{ref}", "ref": "/refunds/{ref}",
    "card": "/cards/{ref}", "link": "/links/{ref}",
    "xpo": "/privacy/exposures/{ref}", "plat": "/developers/{ref}/webhooks",
}  # fmt: skip
_DOORS = frozenset(
    {
        "sign_in",
        "passkey_added",
        "passkey_removed",
        "passkey_suspected",
        "password_changed",
        "codes_renewed",
        "recovered",
    }
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A notice as a page shows it."""

    id: str
    at: datetime
    kind: str
    text: str
    tone: str
    url: str
    is_read: bool


@needs_transaction
def notify(*, holder_id: str, kind: str, ref: str, facts: Mapping[str, Any] | None = None, now: datetime) -> Notice:
    """Put something into a holder's inbox.

    Args:
        holder_id: whose inbox.
        kind: a code of `KINDS`.
        ref: the public id that it is about, or "".
        facts: what the sentence names: texts, and `amount` as Money; sealed under the holder's key.
        now: the database's time.
    """
    kept = {key: value.as_json() if isinstance(value, Money) else value for key, value in (facts or {}).items()}
    notice = Notice(holder_id=holder_id, kind=kind, ref=ref, at=now)
    notice.facts = kept
    notice.save(force_insert=True)
    return notice


def list_notices(holder_id: str) -> QuerySet[Notice]:
    """A holder's own notices, newest first."""
    return Notice.objects.filter(holder_id=holder_id).order_by("-at", "-id")


def count_unread(holder_id: str) -> int:
    """How many wait to be read."""
    return Notice.objects.filter(holder_id=holder_id, read_at=None).count()


@owns_transaction
def mark_read(*, holder_id: str, notice_id: str, now: datetime) -> None:
    """Lay one notice aside; reading it twice changes nothing.

    Raises:
        NotFound: there is none of this holder's.
    """
    if not Notice.objects.filter(holder_id=holder_id, id=notice_id).exists():
        raise NotFound
    Notice.objects.filter(holder_id=holder_id, id=notice_id, read_at=None).update(read_at=now)


@owns_transaction
def mark_all_read(*, holder_id: str, now: datetime) -> int:
    """Lay everything aside; how many."""
    return Notice.objects.filter(holder_id=holder_id, read_at=None).update(read_at=now)


@needs_transaction
def lay_aside(*, ref: str, kinds: Collection[str], holder_id: str = "", now: datetime) -> None:
    """What a thing's notices of these kinds wanted is over; for one holder, or for everybody who has one."""
    waiting = Notice.objects.filter(ref=ref, kind__in=kinds, read_at=None)
    (waiting.filter(holder_id=holder_id) if holder_id else waiting).update(read_at=now)


def show(notices: Iterable[Notice]) -> list[Shown]:
    """Notices opened and put in the reader's language."""
    return [_show(notice) for notice in notices]


class _Facts(dict[str, Any]):
    """What a sentence names and nobody gave is an ellipsis."""

    def __missing__(self, key: str) -> str:
        return "…"


def _show(notice: Notice) -> Shown:
    template = KINDS.get(notice.kind)
    try:
        facts = _readable(notice.facts or {})
    except KeyDestroyed:
        facts = _Facts()
    place = PLACES.get(notice.ref.partition("_")[0], "/settings" if notice.kind in _DOORS else "")
    return Shown(
        id=notice.id,
        at=notice.at,
        kind=notice.kind,
        text=str(template.text) % facts if template else _("Something in your wallet has changed."),
        tone=template.tone if template else "ok",
        url=place.format(ref=notice.ref),
        is_read=notice.read_at is not None,
    )


def _readable(facts: Mapping[str, Any]) -> _Facts:
    read: dict[type, Callable[[Any], str]] = {
        dict: lambda value: format_money(Money(value["value"], value["currency"]), get_language() or "en")
    }
    return _Facts({key: read.get(type(value), str)(value) for key, value in facts.items()})
