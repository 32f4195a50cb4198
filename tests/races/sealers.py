"""The first few are sealers, the others disclose and let some transactions wait before they commit."""

import random
import time

from django.db import transaction

from privacy.exposure import gate, sealer
from privacy.exposure.models import Exposure, Recipient
from privacy.fields import Basis, Channel, Purpose
from tests.privacy.exposure.bodies import AskBody, ask


def work(*, number: int, sealers: int, platform: str, holders: list[str], times: int, total: int):
    if number < sealers:
        return _seal(holders, total)
    chance = random.Random(number)  # noqa: S311 - chances, no secret
    recipient = Recipient.objects.get(pk=platform)
    for _ in range(times):
        with transaction.atomic():
            payee, payer = chance.sample(holders, 2)
            gate.disclose(
                recipient=recipient, schema=AskBody, body=ask(), subjects={"payee": payee, "payer": payer},
                purpose=Purpose.PAYMENT, basis=Basis.CONTRACT, channel=Channel.WEBHOOK,
            )  # fmt: skip
            time.sleep(chance.choice([0, 0, 0, 0.01, 0.3]))
    return {"disclosed": times}


def _seal(holders: list[str], total: int) -> dict[str, int]:
    give_up_at = time.monotonic() + 200

    def is_done() -> bool:
        mine = Exposure.objects.filter(holder_id__in=holders, leaf_index__gte=0)
        return time.monotonic() > give_up_at or mine.count() == total

    sealer.run(is_done)
    return {"sealed": total if is_done() else 0}
