"""The floor's tasks, where Celery looks for them."""

from wallet.core.idempotency import purge
from wallet.core.outbox import sweep, work

__all__ = ["purge", "sweep", "work"]
