"""Examples for the OpenAPI document; ids have the right form and belong to nobody."""

from drf_spectacular.utils import OpenApiExample

_PAYEE, _PAYER, _ID = "link_" + "8fKq2" * 4 + "xY", "link_" + "Zt5mB" * 4 + "w1", "preq_" + "4JqT7" * 4 + "aa"
_URL = f"https://wallet.example/p/{_ID}"
_AMOUNT = {"value": 2000, "currency": "EUR"}

ASKED = OpenApiExample(
    "Ask one person",
    value={"payee": _PAYEE, "payer": _PAYER, "amount": _AMOUNT, "note": "restaurant", "reference": "msg-7"},
    request_only=True,
)
MADE = OpenApiExample(
    "An open request",
    value={
        "id": _ID,
        "status": "open",
        "amount": _AMOUNT,
        "payee": _PAYEE,
        "payer": _PAYER,
        "note": "restaurant",
        "reference": "msg-7",
        "pay_url": _URL,
        "button": {"title": "Pay €20.00", "url": _URL},
        "created_at": "2026-11-23T15:00:00Z",
        "expires_at": "2026-11-30T15:00:00Z",
        "paid_at": None,
        "refunded": {"value": 0, "currency": "EUR"},
    },
    response_only=True,
    status_codes=["200", "201"],
)
PAID = OpenApiExample(
    "Paid with one tap",
    value={"id": _ID, "status": "paid", "approve_url": None},
    response_only=True,
    status_codes=["200"],
)
APPROVAL = OpenApiExample(
    "The person decides on their own page",
    value={"id": _ID, "status": "requires_approval", "approve_url": _URL},
    response_only=True,
    status_codes=["200"],
)
_SPLIT = "split_" + "5LpR9" * 4 + "bb"

SPLIT_ASKED = OpenApiExample(
    "Three ways, all or nothing",
    value={
        "payee": _PAYEE,
        "total": {"value": 10000, "currency": "EUR"},
        "shares": [{"payer": _PAYEE}, {"payer": _PAYER}, {"payer": None}],
        "all_or_nothing": True,
        "note": "restaurant",
    },
    request_only=True,
)
SPLIT_MADE = OpenApiExample(
    "An open split",
    value={
        "id": _SPLIT,
        "status": "open",
        "total": {"value": 10000, "currency": "EUR"},
        "collected": {"value": 3334, "currency": "EUR"},
        "payee": _PAYEE,
        "all_or_nothing": True,
        "note": "restaurant",
        "reference": None,
        "shares": [
            {
                "payer": _PAYEE,
                "amount": {"value": 3334, "currency": "EUR"},
                "status": "paid",
                "payment_request": None,
                "pay_url": None,
            },
            {
                "payer": _PAYER,
                "amount": {"value": 3333, "currency": "EUR"},
                "status": "held",
                "payment_request": _ID,
                "pay_url": _URL,
            },
            {
                "payer": None,
                "amount": {"value": 3333, "currency": "EUR"},
                "status": "open",
                "payment_request": "preq_" + "9XcV3" * 4 + "cc",
                "pay_url": "https://wallet.example/p/preq_" + "9XcV3" * 4 + "cc",
            },
        ],
        "created_at": "2026-11-23T15:00:00Z",
        "expires_at": "2026-11-24T15:00:00Z",
    },
    response_only=True,
    status_codes=["200", "201"],
)

REFUND_ASKED = OpenApiExample(
    "Give a part back",
    value={"payment_request": _ID, "amount": {"value": 500, "currency": "EUR"}},
    request_only=True,
)
REFUND_MADE = OpenApiExample(
    "Given back",
    value={
        "id": "ref_" + "6MqS2" * 4 + "dd",
        "status": "succeeded",
        "payment_request": _ID,
        "amount": {"value": 500, "currency": "EUR"},
        "approve_url": None,
        "created_at": "2026-11-23T16:00:00Z",
    },
    response_only=True,
    status_codes=["200", "201"],
)

CHECKOUT_ASKED = OpenApiExample(
    "Two coffees",
    value={
        "payee": _PAYEE,
        "items": [
            {"label": "Espresso", "amount": {"value": 250, "currency": "EUR"}},
            {"label": "Croissant", "amount": {"value": 200, "currency": "EUR"}},
        ],
        "max_tip": {"value": 500, "currency": "EUR"},
        "suggested_tips": [{"value": 50, "currency": "EUR"}, {"value": 100, "currency": "EUR"}],
        "reference": "order-7",
        "return_url": "https://chat.example/orders/7",
    },
    request_only=True,
)
CHECKOUT_MADE = OpenApiExample(
    "An open checkout",
    value={
        "id": "chk_" + "7NrT4" * 4 + "ee",
        "status": "open",
        "items": [
            {"label": "Espresso", "amount": {"value": 250, "currency": "EUR"}},
            {"label": "Croissant", "amount": {"value": 200, "currency": "EUR"}},
        ],
        "total": {"value": 450, "currency": "EUR"},
        "tip": {"value": 0, "currency": "EUR"},
        "max_tip": {"value": 500, "currency": "EUR"},
        "suggested_tips": [{"value": 50, "currency": "EUR"}, {"value": 100, "currency": "EUR"}],
        "payee": _PAYEE,
        "payer": None,
        "reference": "order-7",
        "return_url": "https://chat.example/orders/7",
        "checkout_url": _URL,
        "button": {"title": "Pay €4.50", "url": _URL},
        "payment_request": _ID,
        "created_at": "2026-11-23T15:00:00Z",
        "expires_at": "2026-11-30T15:00:00Z",
        "paid_at": None,
    },
    response_only=True,
    status_codes=["200", "201"],
)
