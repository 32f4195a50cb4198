"""Early fraud warnings of a card's issuer: the wallet is paused before the money is spent."""

from datetime import datetime

from payments.topups.models import TopUp
from wallet.core.actors import Actor
from wallet.core.states import WrongState
from wallet.core.transactions import owns_transaction
from wallet.users import freezes
from wallet.users.people import HolderNotFound

_ACTOR = Actor.system("topups.warning")


@owns_transaction
def apply(*, top_up_id: str, warning_ref: str, now: datetime) -> None:
    """Freeze the holder, once for a warning: what a person has since unfrozen stays so when it is told again."""
    top_up = TopUp.objects.select_for_update().get(id=top_up_id)
    if top_up.warning_ref == warning_ref:
        return
    top_up.warning_ref = warning_ref
    top_up.save(update_fields=["warning_ref"])
    try:
        freezes.freeze_holder(
            holder_id=top_up.holder_id, actor=_ACTOR, reason_code="security",
            reason=f"Early fraud warning {warning_ref} about {top_up.id}", now=now,
        )  # fmt: skip
    except (WrongState, HolderNotFound):
        return
