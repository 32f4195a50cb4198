from django.urls import path

from cards.network.sandbox import views
from cards.network.stripe import views as stripe

_AUTHORIZATION = "sandbox/network/authorizations/<str:authorization>"
_CHARGEBACK = "sandbox/network/chargebacks/<str:chargeback>"

urlpatterns = [
    path("webhooks/stripe/issuing", stripe.webhook, name="stripe-issuing"),
    path("sandbox/network/authorizations", views.authorizations, name="network-authorizations"),
    path(f"{_AUTHORIZATION}/increments", views.increments, name="network-increments"),
    path(f"{_AUTHORIZATION}/reversals", views.reversals, name="network-reversals"),
    path(f"{_AUTHORIZATION}/captures", views.captures, name="network-captures"),
    path(f"{_AUTHORIZATION}/refund-reversals", views.refund_reversals, name="network-refund-reversals"),
    path(f"{_AUTHORIZATION}/chargebacks", views.chargebacks, name="network-chargebacks"),
    path(f"{_CHARGEBACK}/won", views.chargebacks_won, name="network-chargebacks-won"),
    path(f"{_CHARGEBACK}/lost", views.chargebacks_lost, name="network-chargebacks-lost"),
    path("sandbox/network/captures", views.force_posts, name="network-force-posts"),
    path("sandbox/network/refunds", views.refunds, name="network-refunds"),
]
