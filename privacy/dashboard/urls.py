from django.urls import path

from privacy.dashboard import export_pages, kept_page, leaving_pages, pages, public
from privacy.dashboard.api import ExposuresView, ExposureView, ProofView
from privacy.dashboard.erasure_api import ErasureView
from privacy.dashboard.export_api import ExportsView, ExportView

urlpatterns = [
    path("privacy", pages.dashboard, name="privacy"),
    path("privacy/recipients/<str:recipient_id>", pages.recipient, name="privacy-recipient"),
    path("privacy/exposures", pages.exposures, name="privacy-exposures"),
    path("privacy/exposures/<str:exposure_id>", pages.exposure, name="privacy-exposure"),
    path("privacy/exposures/<str:exposure_id>/bytes", pages.exposure_bytes, name="privacy-exposure-bytes"),
    path("privacy/exposures/<str:exposure_id>/proof", pages.proof, name="privacy-exposure-proof"),
    path("privacy/consents/<str:consent_id>/receipt", pages.receipt, name="privacy-receipt"),
    path("log/checkpoint", public.checkpoint, name="log-checkpoint"),
    path("log/witnessed", public.witnessed, name="log-witnessed"),
    path("log/key", public.key, name="log-key"),
    path("log/consistency/<int:old>/<int:size>", public.consistency, name="log-consistency"),
    path("log/tile/entries/<path:place>", public.entries, name="log-entries"),
    path("log/tile/<int:level>/<path:place>", public.tile, name="log-tile"),
    path("privacy/leave", leaving_pages.page, name="privacy-leave"),
    path("privacy/kept", kept_page.page, name="privacy-kept"),
    path("privacy/export", export_pages.page, name="privacy-export"),
    path("privacy/export/<str:export_id>/download", export_pages.download, name="privacy-export-download"),
    path("privacy/export-schema.json", export_pages.schema, name="privacy-export-schema"),
    path("privacy/verify.py", public.program, {"name": "verify"}, name="privacy-verify"),
    path("privacy/verify_document.py", public.program, {"name": "verify_document"}, name="privacy-verify-document"),
    path(".well-known/paravent-keys.json", pages.keys, name="document-keys"),
    path("v1/erasure", ErasureView.as_view(), name="erasure"),
    path("v1/exports", ExportsView.as_view(), name="exports"),
    path("v1/exports/<str:export_id>", ExportView.as_view(), name="export"),
    path("v1/exposures", ExposuresView.as_view(), name="exposures"),
    path("v1/exposures/<str:exposure_id>", ExposureView.as_view(), name="exposure"),
    path("v1/exposures/<str:exposure_id>/proof", ProofView.as_view(), name="exposure-proof"),
]
