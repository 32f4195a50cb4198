"""All routes, one line a room; rooms are named as strings so that nothing here reaches upward."""

from importlib.util import find_spec

from django.urls import include, path

ROOMS = [
    # The one with a deadline first: Django tries routes one by one.
    "cards.network",
    "wallet.core", "wallet.users", "wallet.limits", "wallet.activity",
    "cards.issuing", "cards.authorizations",
    "payments.platforms", "payments.requests", "payments.topups", "payments.webhooks",
    "payments.developers",
    "privacy.dashboard",
]  # fmt: skip

urlpatterns = [path("", include(f"{room}.urls")) for room in ROOMS if find_spec(f"{room}.urls")]

handler404 = "wallet.core.problems.not_found"
handler403 = "wallet.core.problems.forbidden"
handler400 = "wallet.core.problems.bad_request"
handler500 = "wallet.core.problems.server_error"
