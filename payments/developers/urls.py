"""Routes of the developer's corner."""

from django.urls import path

from payments.developers import pages, webhook_pages

urlpatterns = [
    path("developers", pages.home, name="developers"),
    path("developers/new", pages.NewAppPage.as_view(), name="developer-new"),
    path("developers/<str:app_id>", pages.AppPage.as_view(), name="developer-app"),
    path("developers/<str:app_id>/secret", pages.rotate_secret, name="developer-secret"),
    path("developers/<str:app_id>/calls", pages.calls_page, name="developer-calls"),
    path("developers/<str:app_id>/webhooks", webhook_pages.EndpointsPage.as_view(), name="developer-endpoints"),
    path("developers/<str:app_id>/webhooks/<str:endpoint_id>", webhook_pages.endpoint_page, name="developer-endpoint"),
    path(
        "developers/<str:app_id>/webhooks/<str:endpoint_id>/test", webhook_pages.send_test, name="developer-test-event"
    ),
    path(
        "developers/<str:app_id>/webhooks/<str:endpoint_id>/secret", webhook_pages.rotate_secret,
        name="developer-endpoint-secret",
    ),
    path(
        "developers/<str:app_id>/webhooks/<str:endpoint_id>/delete", webhook_pages.delete,
        name="developer-endpoint-delete",
    ),
    path(
        "developers/<str:app_id>/webhooks/<str:endpoint_id>/replay", webhook_pages.replay, name="developer-replay"
    ),
]  # fmt: skip
