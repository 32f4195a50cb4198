from django.urls import path

from wallet.core import pages
from wallet.core.console import console

urlpatterns = [
    path("operator/", console.urls),
    path("healthz", pages.healthz, name="healthz"),
    path("readyz", pages.readyz, name="readyz"),
    path("metrics", pages.metrics, name="metrics"),
    path("problems/<slug:slug>", pages.problem, name="problem"),
    path("problems/", pages.problems, name="problems"),
    path("language", pages.language, name="language"),
    path("v1/openapi.json", pages.OpenApiView.as_view(), name="openapi"),
    path("v1/docs", pages.docs, name="docs"),
]
