from django.urls import path

from wallet.activity import (
    pages,
    watch,  # noqa: F401 - registers what goes into the inbox when somebody signs in
)
from wallet.activity.transactions import TransactionsView

urlpatterns = [
    path("activity", pages.activity, name="activity"),
    path("inbox", pages.inbox, name="inbox"),
    path("inbox/count", pages.inbox_count, name="inbox-count"),
    path("inbox/read", pages.read_all_notices, name="inbox-read-all"),
    path("inbox/<str:notice_id>/read", pages.read_notice, name="inbox-read"),
    path("v1/transactions", TransactionsView.as_view(), name="transactions"),
]
