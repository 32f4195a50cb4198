"""GET /v1/transactions: what moved, and what was declined with the reason in words."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from wallet.activity import lines
from wallet.activity.words import KINDS, REASONS, STATUSES
from wallet.core.api import cursor_page
from wallet.core.holder_api import Answer, HolderView
from wallet.core.members import MoneyField


class TransactionSerializer(serializers.Serializer[lines.Shown]):
    """One line."""

    id = serializers.CharField()
    at = serializers.DateTimeField()
    kind = serializers.ChoiceField(choices=sorted(KINDS))
    title = serializers.CharField(help_text="the kind in words, in the language of Accept-Language")
    direction = serializers.ChoiceField(choices=["in", "out", "none"])
    amount = MoneyField(minimum=0)
    status = serializers.ChoiceField(choices=sorted(STATUSES))
    ref = serializers.CharField(help_text="the id of the thing itself")
    merchant = serializers.CharField(allow_blank=True)
    counterparty = serializers.CharField(allow_blank=True)
    reason_code = serializers.ChoiceField(choices=sorted(REASONS), allow_null=True)
    reason = serializers.CharField(allow_null=True, help_text="why it was declined, in words")
    next_step = serializers.CharField(allow_null=True, help_text="what to do about it")

    def to_representation(self, instance: lines.Shown) -> Any:
        """Nothing to explain is null."""
        shown = super().to_representation(instance)
        return {**shown, **{name: shown[name] or None for name in ("reason_code", "reason", "next_step")}}


class TransactionPageSerializer(serializers.Serializer[Any]):
    """A page of them, newest first."""

    data = TransactionSerializer(many=True)  # type: ignore[assignment] # the contract's name for a list
    next_cursor = serializers.CharField(allow_null=True)


class TransactionsView(HolderView):
    """A holder's own transactions."""

    @extend_schema(operation_id="list_transactions", responses=TransactionPageSerializer)
    def get(self, request: Request) -> Answer:
        """List them, newest first."""
        found, next_cursor = cursor_page(lines.list_lines(self.holder_id(request)), request, by=("at", "id"))
        page = {"data": lines.show(found), "next_cursor": next_cursor}
        return Answer(200, TransactionPageSerializer().to_representation(page))
