"""Housekeeping of sessions and questions that are over."""

from datetime import timedelta

from celery import shared_task
from django.db.models import Q

from wallet.core import clock
from wallet.users.models import Ceremony, ShownCodes
from wallet.users.sessions import SessionStore


@shared_task(name="wallet.users.clear_sessions")
def clear_sessions() -> None:
    """Remove what is over: expired sessions, and ceremonies and codes that none can refer to any more."""
    SessionStore.clear_expired()
    yesterday = clock.now() - timedelta(days=1)
    Ceremony.objects.filter(Q(asked_at__lt=yesterday)).delete()
    ShownCodes.objects.filter(made_at__lt=yesterday).delete()
