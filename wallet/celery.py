"""The Celery application: tasks carry an outbox id or nothing, and may run twice."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "wallet.settings")
app = Celery("paravent")
app.config_from_object("django.conf:settings", namespace="CELERY")

#: Rooms with a `tasks.py`; a room without one is skipped.
ROOMS = [
    "wallet.core", "wallet.users", "wallet.ledger", "wallet.limits", "wallet.approvals", "wallet.monitoring",
    "privacy.exposure", "privacy.rights", "cards.authorizations", "cards.network",
    "payments.topups", "payments.requests", "payments.webhooks", "payments.platforms",
]  # fmt: skip
app.autodiscover_tasks(ROOMS)


@setup_logging.connect
def _keep_our_logs(**_facts: Any) -> None:
    """Django has set logging up; Celery would add handlers whose lines quote arguments and exceptions."""


@worker_process_init.connect
def _warm_up(**_facts: Any) -> None:
    """Each process of the pool unwraps its keys when it starts."""
    from wallet.core.keys import warm_up  # noqa: PLC0415 - Django is ready only now

    warm_up()
