"""Routes of webhooks."""

from django.urls import path

from payments.webhooks import api

urlpatterns = [
    path("v1/webhook-endpoints", api.EndpointsView.as_view(), name="api-webhook-endpoints"),
    path("v1/webhook-endpoints/<str:endpoint_id>", api.EndpointView.as_view(), name="api-webhook-endpoint"),
    path(
        "v1/webhook-endpoints/<str:endpoint_id>/rotate-secret", api.RotateSecretView.as_view(),
        name="api-webhook-endpoint-rotate-secret",
    ),
    path("v1/webhook-endpoints/<str:endpoint_id>/test", api.TestEventView.as_view(), name="api-webhook-endpoint-test"),
    path(
        "v1/webhook-endpoints/<str:endpoint_id>/deliveries", api.DeliveriesView.as_view(),
        name="api-webhook-endpoint-deliveries",
    ),
    path(
        "v1/webhook-deliveries/<str:delivery_id>/replay", api.ReplayView.as_view(), name="api-webhook-delivery-replay"
    ),
    path("v1/events/<str:event_id>", api.EventView.as_view(), name="api-event"),
]  # fmt: skip
