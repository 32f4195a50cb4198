from django.urls import path

from privacy.dashboard import pages
from privacy.dashboard.api import ExposuresView, ExposureView, ProofView

urlpatterns = [
    path("privacy", pages.dashboard, name="privacy"),
    path("privacy/recipients/<str:recipient_id>", pages.recipient, name="privacy-recipient"),
    path("privacy/exposures", pages.exposures, name="privacy-exposures"),
    path("privacy/exposures/<str:exposure_id>", pages.exposure, name="privacy-exposure"),
    path("privacy/exposures/<str:exposure_id>/bytes", pages.exposure_bytes, name="privacy-exposure-bytes"),
    path("privacy/consents/<str:consent_id>/receipt", pages.receipt, name="privacy-receipt"),
    path("v1/exposures", ExposuresView.as_view(), name="exposures"),
    path("v1/exposures/<str:exposure_id>", ExposureView.as_view(), name="exposure"),
    path("v1/exposures/<str:exposure_id>/proof", ProofView.as_view(), name="exposure-proof"),
]
