"""Freezing a holder: nothing goes out of the wallet until it is unfrozen; money may still come in.

Who asks: card decisions (through `issuing_card` and `issuing_lock`), payments from the main balance (`require`), and
every page that `acts.may` guards. Holds that were placed still settle. The holder hears that the wallet is paused and
never why: the law forbids to tip off (Directive (EU) 2015/849 art. 39).
"""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from wallet.core import staff
from wallet.core.actors import Actor
from wallet.core.errors import Kind, WalletError
from wallet.core.states import StateMachine, WrongState
from wallet.core.transactions import needs_transaction, owns_transaction
from wallet.users import events
from wallet.users.models import Freeze, Holder
from wallet.users.people import HolderNotFound


class HolderStatus(StrEnum):
    """Whether money may leave."""

    ACTIVE = "active"
    FROZEN = "frozen"


HOLDER: Final[StateMachine[HolderStatus]] = StateMachine(
    "wallet.holder",
    {
        "freeze": {HolderStatus.ACTIVE: HolderStatus.FROZEN},
        "unfreeze": {HolderStatus.FROZEN: HolderStatus.ACTIVE},
    },
)

#: Why the staff freezes or unfreezes.
REASONS: Final[dict[str, str | Promise]] = {
    "monitoring": _("Unusual activity"),
    "security": _("The holder's keys or cards may be in other hands"),
    "legal_order": _("An order of a court or an authority"),
    "holder_request": _("The holder asked for it"),
    "cleared": _("Looked into, nothing found"),
}


class WalletPaused(WalletError):
    """Nothing can be paid, issued, linked or shown from this wallet for now; money can still come in. Ask support."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug = "wallet-paused"
    title = "Your wallet is paused"


def is_frozen(holder_id: str) -> bool:
    """Whether the holder is frozen at this moment; for pages."""
    return Freeze.objects.filter(holder_id=holder_id).exists()


@needs_transaction
def may_spend(holder_id: str) -> bool:
    """Whether money may leave in this transaction; a freeze waits until it has ended."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT users_may_spend(%s)", [holder_id])
        return bool(cursor.fetchone()[0])


@owns_transaction
def freeze_holder(*, holder_id: str, actor: Actor, reason_code: str, reason: str, now: datetime) -> None:
    """Let nothing out of a wallet any more. When this has answered, no payment is under way.

    Raises:
        HolderNotFound: there is no such holder; members of the staff are none.
        WrongState: frozen already.
        Invalid: the reason is too short or too long.
    """
    _move(holder_id=holder_id, event="freeze", actor=actor, reason_code=reason_code, reason=reason, now=now)


@owns_transaction
def unfreeze_holder(*, holder_id: str, actor: Actor, reason_code: str, reason: str, now: datetime) -> None:
    """Let a frozen holder pay again.

    Raises:
        HolderNotFound: there is no such holder.
        WrongState: not frozen.
        Invalid: the reason is too short or too long.
    """
    _move(holder_id=holder_id, event="unfreeze", actor=actor, reason_code=reason_code, reason=reason, now=now)


def _move(*, holder_id: str, event: str, actor: Actor, reason_code: str, reason: str, now: datetime) -> None:
    why = staff.reason_text(reason)
    if not Holder.objects.filter(id=holder_id, is_staff=False).exists():
        raise HolderNotFound
    is_freezing = event == "freeze"
    before = HolderStatus.ACTIVE if is_freezing else HolderStatus.FROZEN
    after = HOLDER.after(before, event)
    with connection.cursor() as cursor:
        cursor.execute("SELECT users_set_frozen(%s, %s)", [holder_id, is_freezing])
        (has_changed,) = cursor.fetchone()
    if not has_changed:
        raise WrongState(state=str(after), event=event)
    HOLDER.record(subject=holder_id, event=event, before=before, after=after, actor=actor)
    staff.record(
        actor=actor, act=f"holder.{event}", subject=holder_id, holder_id=holder_id, reason_code=reason_code, reason=why,
        now=now,
    )  # fmt: skip
    told = events.KeyEvent.WALLET_PAUSED if is_freezing else events.KeyEvent.WALLET_RESUMED
    events.announce(holder_id=holder_id, event=told, now=now)
