from django.conf import settings
from django.urls import path

from payments.topups import api, pages, withdrawals_api, withdrawals_pages
from payments.topups.sandbox import pages as sandbox
from payments.topups.sandbox import payouts
from payments.topups.stripe import pages as stripe

urlpatterns = [
    path("v1/top-ups", api.TopUpsView.as_view()),
    path("v1/top-ups/<str:top_up_id>", api.TopUpView.as_view()),
    path("top-ups/new", pages.new, name="top-up-new"),
    path("top-ups/<str:top_up_id>", pages.show, name="top-up"),
    path("top-ups/<str:top_up_id>/checkout", pages.checkout, name="top-up-checkout"),
    path("v1/withdrawals", withdrawals_api.WithdrawalsView.as_view()),
    path("v1/withdrawals/<str:withdrawal_id>", withdrawals_api.WithdrawalView.as_view()),
    path("withdrawals", withdrawals_pages.overview, name="withdrawals"),
    path("withdrawals/confirm", withdrawals_pages.confirm, name="withdrawal-confirm"),
    path("withdrawals/<str:withdrawal_id>", withdrawals_pages.show, name="withdrawal"),
    path("withdrawals/<str:withdrawal_id>/destination", withdrawals_pages.destination, name="withdrawal-destination"),
    path("webhooks/stripe", stripe.webhook, name="stripe-webhook"),
]
if settings.SANDBOX:
    urlpatterns += [
        path("sandbox/checkout/<str:reference>", sandbox.hosted, name="sandbox-checkout"),
        path("sandbox/checkout/<str:reference>/challenge", sandbox.challenge, name="sandbox-challenge"),
        path("sandbox/payout/<str:reference>", payouts.hosted, name="sandbox-payout"),
        path("webhooks/sandbox", sandbox.webhook, name="sandbox-webhook"),
    ]
