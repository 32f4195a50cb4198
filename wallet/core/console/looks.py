"""Looks at personal data: a reason first, for one object and ten minutes; each showing is an exposure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils.module_loading import import_string

from wallet.core import staff
from wallet.core.console.words import LOOK_REASONS
from wallet.core.errors import Invalid
from wallet.core.models import StaffAct
from wallet.core.requests import request_id_of
from wallet.core.transactions import owns_transaction

#: How long a reason is good for.
LIFETIME: Final = timedelta(minutes=10)
_ACT: Final = "look"


@owns_transaction
def give_reason(
    request: HttpRequest, *, subject: str, holder_id: str, reason_code: str, reason: str, now: datetime
) -> None:
    """Say why one wants to see this object's personal data.

    Raises:
        Invalid: a code that is not on the list, or a reason that says nothing.
    """
    why = staff.reason_text(reason)
    if reason_code not in LOOK_REASONS:
        raise Invalid("is not a reason of the list", pointer="/reason_code")
    staff.record(
        actor=staff.actor_of(request), act=_ACT, subject=subject, holder_id=holder_id, reason_code=reason_code,
        reason=why, now=now,
    )  # fmt: skip


def find_reason(request: HttpRequest, *, subject: str, now: datetime) -> StaffAct | None:
    """The reason that this colleague gave for this object in the last ten minutes."""
    return (
        StaffAct.objects.filter(act=_ACT, actor_id=str(request.user.pk), subject=subject, at__gt=now - LIFETIME)
        .order_by("-at")
        .first()
    )


def show(
    request: HttpRequest, *, schema: type[Any], body: Mapping[str, Any], holder_id: str, why: StaffAct, now: datetime
) -> Mapping[str, Any]:
    """What may be shown: the granted body. Written down for its holder before it is shown, or nothing is.

    Raises:
        DisclosureRefused: the log cannot be written.
    """
    disclose = import_string(settings.STAFF_LOOKS)
    with transaction.atomic():
        shown: Mapping[str, Any] = disclose(
            schema=schema, body=body, holder_id=holder_id, reason_code=why.reason_code,
            request_id=request_id_of(request), now=now,
        )  # fmt: skip
        staff.record(
            actor=staff.actor_of(request), act="look.shown", subject=why.subject, holder_id=holder_id,
            reason_code=why.reason_code, facts={"reason": why.pk, "request": request_id_of(request)}, now=now,
        )  # fmt: skip
    return shown
