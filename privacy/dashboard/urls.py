from django.urls import path

from privacy.dashboard import pages, public
from privacy.dashboard.api import ExposuresView, ExposureView, ProofView

urlpatterns = [
    path("privacy", pages.dashboard, name="privacy"),
    path("privacy/exposures", pages.exposures, name="privacy-exposures"),
    path("privacy/exposures/<str:exposure_id>", pages.exposure, name="privacy-exposure"),
    path("privacy/exposures/<str:exposure_id>/bytes", pages.exposure_bytes, name="privacy-exposure-bytes"),
    path("privacy/exposures/<str:exposure_id>/proof", pages.proof, name="privacy-exposure-proof"),
    path("privacy/consents/<str:consent_id>/receipt", pages.receipt, name="privacy-receipt"),
    path("log/checkpoint", public.checkpoint, name="log-checkpoint"),
    path("log/key", public.key, name="log-key"),
    path("log/consistency/<int:old>/<int:size>", public.consistency, name="log-consistency"),
    path("log/tile/entries/<path:place>", public.entries, name="log-entries"),
    path("log/tile/<int:level>/<path:place>", public.tile, name="log-tile"),
    path("v1/exposures", ExposuresView.as_view(), name="exposures"),
    path("v1/exposures/<str:exposure_id>", ExposureView.as_view(), name="exposure"),
    path("v1/exposures/<str:exposure_id>/proof", ProofView.as_view(), name="exposure-proof"),
]
