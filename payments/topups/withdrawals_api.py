"""`/v1/withdrawals`: the holder API (contract.md, settled.md 10)."""

from typing import Any, cast

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from payments.topups import withdrawals
from payments.topups.models import BankPayout, PayoutStatus, Withdrawal, WithdrawalStatus
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.api import cursor_page
from wallet.core.holder_api import Answer, HolderView, is_session
from wallet.core.members import MoneyField, PublicIdField, StrictSerializer
from wallet.users import stepup
from wallet.users.acts import Act, may
from wallet.users.models import Holder


class WithdrawalRequest(StrictSerializer):
    """What is asked for."""

    amount = MoneyField()
    top_up = PublicIdField("top", required=False, allow_null=True, default=None)


class WithdrawalBody(serializers.Serializer[Any]):
    """A withdrawal as its holder sees it."""

    id = serializers.CharField()
    status = serializers.ChoiceField(choices=[str(status) for status in WithdrawalStatus])
    amount = MoneyField()
    returned = MoneyField(minimum=0, help_text="what came back, because a part could not go out")
    top_up = serializers.CharField(allow_null=True)
    payout_url = serializers.CharField(allow_null=True, help_text="where the bank account is typed, if one is needed")
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class WithdrawalPage(serializers.Serializer[Any]):
    """A page of withdrawals, newest first."""

    data = WithdrawalBody(many=True)  # type: ignore[assignment] # DRF's base names its result so
    next_cursor = serializers.CharField(allow_null=True)


def withdrawal_body(withdrawal: Withdrawal) -> dict[str, Any]:
    """The JSON of a withdrawal."""
    return dict(
        WithdrawalBody(
            {
                "id": withdrawal.id,
                "status": withdrawal.status,
                "amount": withdrawal.amount,
                "returned": withdrawal.returned,
                "top_up": withdrawal.top_up_id or None,
                "payout_url": _payout_url(withdrawal),
                "created_at": withdrawal.created_at,
                "ended_at": withdrawal.ended_at,
            }
        ).data
    )


def _payout_url(withdrawal: Withdrawal) -> str | None:
    is_needed = BankPayout.objects.filter(
        withdrawal=withdrawal, status__in=[PayoutStatus.CREATED, PayoutStatus.WAITING]
    ).exists()
    return f"{settings.PUBLIC_URL}/withdrawals/{withdrawal.id}/destination" if is_needed else None


class WithdrawalsView(HolderView):
    """`POST` asks for one, `GET` lists them."""

    problems = {"POST": frozenset({402})}

    @extend_schema(request=WithdrawalRequest, responses={201: WithdrawalBody})
    def post(self, request: Request) -> Answer:
        """Take money out: it goes back to the cards and accounts that it came from, the newest top-up first."""
        asked, holder_id, now = self.parse(WithdrawalRequest, request), self.holder_id(request), clock.now()
        if is_session(request):
            may(cast("Holder", request.user), Act.WITHDRAW, now)
            stepup.require(request._request)  # noqa: SLF001 - DRF keeps Django's request there
        made = withdrawals.create_withdrawal(
            holder_id=holder_id, amount=asked["amount"], top_up_id=asked["top_up"] or "",
            actor=Actor.holder(holder_id), now=now,
        )  # fmt: skip
        return Answer(201, withdrawal_body(made))

    @extend_schema(operation_id="list_withdrawals", responses={200: WithdrawalPage})
    def get(self, request: Request) -> Answer:
        """Newest first."""
        rows, next_cursor = cursor_page(Withdrawal.objects.filter(holder_id=self.holder_id(request)), request)
        return Answer(200, {"data": [withdrawal_body(row) for row in rows], "next_cursor": next_cursor})


class WithdrawalView(HolderView):
    """One withdrawal."""

    @extend_schema(responses={200: WithdrawalBody})
    def get(self, request: Request, withdrawal_id: str) -> Answer:
        """Where it stands."""
        found = withdrawals.find_withdrawal(holder_id=self.holder_id(request), withdrawal_id=withdrawal_id)
        return Answer(200, withdrawal_body(found))
