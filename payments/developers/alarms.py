"""Alarms: the people who look after a platform read in their inbox that its webhooks do not arrive."""

from datetime import datetime

from payments.developers.models import Developer
from payments.webhooks import alarms
from payments.webhooks.alarms import Trouble
from wallet.activity import notices
from wallet.core.transactions import needs_transaction

_KINDS = {Trouble.GIVEN_UP: "webhooks_given_up", Trouble.DISABLED: "webhooks_disabled"}


@alarms.on_trouble
@needs_transaction
def tell_developers(platform_id: str, trouble: Trouble, now: datetime) -> None:
    """Once for each trouble of a platform, until they have read it: a server that is down stops many messages."""
    kind = _KINDS[trouble]
    for one in Developer.objects.select_related("platform").filter(platform_id=platform_id).order_by("pk"):
        if not notices.list_notices(one.holder_id).filter(ref=platform_id, kind=kind, read_at=None).exists():
            facts = {"name": one.platform.name}
            notices.notify(holder_id=one.holder_id, kind=kind, ref=platform_id, facts=facts, now=now)
