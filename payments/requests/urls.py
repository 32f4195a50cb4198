"""Routes of payment requests."""

from django.urls import path

from payments.requests import api, checkout_api, holder_api, pages, payer_page, refund_api, refund_page, split_api

urlpatterns = [
    path("v1/payment-requests", api.PaymentRequestsView.as_view(), name="api-payment-requests"),
    path("v1/payment-requests/<str:request_id>", api.PaymentRequestView.as_view(), name="api-payment-request"),
    path(
        "v1/payment-requests/<str:request_id>/cancel", api.CancelPaymentRequestView.as_view(),
        name="api-payment-request-cancel",
    ),
    path(
        "v1/payment-requests/<str:request_id>/pay", api.PayPaymentRequestView.as_view(),
        name="api-payment-request-pay",
    ),
    path("v1/splits", split_api.SplitsView.as_view(), name="api-splits"),
    path("v1/splits/<str:split_id>", split_api.SplitView.as_view(), name="api-split"),
    path("v1/splits/<str:split_id>/cancel", split_api.CancelSplitView.as_view(), name="api-split-cancel"),
    path("v1/checkouts", checkout_api.CheckoutsView.as_view(), name="api-checkouts"),
    path("v1/checkouts/<str:checkout_id>", checkout_api.CheckoutView.as_view(), name="api-checkout"),
    path("v1/refunds", refund_api.RefundsView.as_view(), name="api-refunds"),
    path("v1/refunds/<str:refund_id>", refund_api.RefundView.as_view(), name="api-refund"),
    path("refunds/<str:refund_id>", refund_page.RefundPage.as_view(), name="refund-page"),
    path("refunds/<str:refund_id>/refuse", refund_page.refuse, name="refund-page-refuse"),
    path("v1/requests", holder_api.RequestsView.as_view(), name="api-requests"),
    path("requests", pages.request_list, name="requests"),
    path("p/<str:request_id>", payer_page.PayerPage.as_view(), name="payer-page"),
    path("p/<str:request_id>/decline", payer_page.decline, name="payer-page-decline"),
]  # fmt: skip
