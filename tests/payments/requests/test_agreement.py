"""The consent page's literal JSON is literal: member by member what the closed schemas send, and nothing besides."""

from typing import Any

import pytest
from rest_framework import serializers

from payments.platforms import agreement
from payments.platforms.agreement import Trim
from payments.platforms.schemas import LinkBody, LinkTokenBody
from payments.requests.checkout_api import CheckoutBody
from payments.requests.refund_api import RefundBody
from payments.requests.schemas import PayBody, PaymentRequestBody, PaymentRequestPage
from payments.requests.split_schemas import SplitBody
from payments.webhooks.schemas import EventBody, WebhookBody
from privacy.exposure.schema import ClosedSchema, all_schemas, classes_of, faults
from wallet.core.ids import new_id

SHOWN = agreement.shown(
    link_id=new_id("link"), wallet_url="https://wallet.example", trim=Trim(), can_pay=True, one_tap=True
)


def shape_of(what: Any) -> Any:
    """The names of the members, down to the last one that is an object or a list of objects."""
    if isinstance(what, serializers.ListSerializer):
        return [shape_of(what.child)]
    if isinstance(what, ClosedSchema):
        return {name: shape_of(one) for name, one in what.fields.items()}
    if isinstance(what, list) and what and isinstance(what[0], dict) and "currency" not in what[0]:
        return [shape_of(what[0])]
    if isinstance(what, dict) and "currency" not in what:
        return {name: shape_of(one) for name, one in what.items()}
    return None


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("token", LinkTokenBody),
        ("link", LinkBody),
        ("payment_request", PaymentRequestBody),
        ("split", SplitBody),
        ("checkout", CheckoutBody),
        ("refund", RefundBody),
        ("webhook", WebhookBody),
    ],
)
def test_what_is_shown_has_the_members_of_what_is_sent(name: str, schema: Any) -> None:
    """Break: add a member to a body and forget the page."""
    assert shape_of(SHOWN[name]) == shape_of(schema())


def test_the_consent_covers_every_class_that_can_be_sent() -> None:
    sent = classes_of(
        LinkTokenBody, LinkBody, PaymentRequestBody, PaymentRequestPage, PayBody, SplitBody, CheckoutBody, RefundBody,
        WebhookBody, EventBody,
    )  # fmt: skip
    assert sent == agreement.CLASSES


def test_every_body_of_payments_is_closed() -> None:
    ours = [schema for schema in all_schemas() if schema.__module__.startswith("payments.")]
    assert len(ours) > 10
    assert {schema.__name__: faults(schema) for schema in ours if faults(schema)} == {}
