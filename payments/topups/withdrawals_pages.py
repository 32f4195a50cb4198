"""Pages of withdrawals: what can go back, ask for it, say yes to it with a passkey, see where it stands."""

import json
from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from payments.topups import payouts, withdrawals
from payments.topups.models import BankPayout, PayoutStatus, Withdrawal, WithdrawalStatus
from wallet.activity import words
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.api import Audience, audience
from wallet.core.errors import WalletError
from wallet.core.money import Money, parse_money
from wallet.ledger import balances
from wallet.ledger.accounts import AccountKind
from wallet.users import stepup
from wallet.users.acts import Act, may
from wallet.users.people import get_holder

_SHOWN = 20
#: Seconds between two looks of a page that waits.
_REFRESH = "5"


@dataclass(frozen=True, slots=True)
class Possible:
    """What could be taken out in one currency, now."""

    amount: Money


@dataclass(frozen=True, slots=True)
class WithdrawalShown:
    """A withdrawal for a template."""

    id: str
    amount: Money
    returned: Money
    status: str
    word: str
    sentence: str
    tone: str
    at: datetime
    is_waiting: bool
    needs_account: bool


class WithdrawalForm(forms.Form):
    """How much, in which currency."""

    amount = forms.CharField(label=gettext_lazy("Amount"), max_length=20)
    currency = forms.ChoiceField(label=gettext_lazy("Currency"))

    def __init__(self, *args: object, currencies: list[str], **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.fields["amount"].widget.attrs.update(inputmode="decimal", autocomplete="off")
        self.fields["currency"].choices = [(code, code) for code in currencies]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, object]:
        """Read the amount as people of this language write it."""
        cleaned: dict[str, object] = super().clean() or {}
        if "amount" in cleaned and "currency" in cleaned:
            try:
                cleaned["money"] = parse_money(str(cleaned["amount"]), str(cleaned["currency"]), get_language() or "en")
            except WalletError:
                self.add_error("amount", _("This is not an amount. Write it like 25 or 25.50."))
        return cleaned


@audience(Audience.HOLDER)
@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def overview(request: HttpRequest) -> HttpResponse:
    """What can go back and what went; a POST leads to the question of the passkey."""
    holder_id = str(request.user.pk)
    found = _possible(holder_id)
    form = WithdrawalForm(request.POST or None, currencies=[one.amount.currency for one in found])
    if request.method == "POST" and form.is_valid():
        return _question(request, form.cleaned_data["money"])
    return _overview(request, form, status=422 if form.errors else 200)


@audience(Audience.HOLDER)
@login_required
@never_cache
@require_POST
def confirm(request: HttpRequest) -> HttpResponse:
    """The passkey has said yes to this amount."""
    holder_id, now = str(request.user.pk), clock.now()
    found = _possible(holder_id)
    form = WithdrawalForm(request.POST, currencies=[one.amount.currency for one in found])
    if not form.is_valid():
        return _overview(request, form, status=422)
    amount: Money = form.cleaned_data["money"]
    may(get_holder(holder_id), Act.WITHDRAW, now)
    try:
        with transaction.atomic():
            stepup.require(request, binding=_binding(amount))
            made = withdrawals.create_withdrawal(
                holder_id=holder_id, amount=amount, actor=Actor.holder(holder_id), now=now
            )
    except (withdrawals.NothingToGoBackTo, withdrawals.InsufficientFunds) as refusal:
        form.add_error("amount", _(refusal.title))
        return _overview(request, form, status=402)
    return redirect("withdrawal", made.id)


@audience(Audience.HOLDER)
@login_required
@never_cache
@require_GET
def show(request: HttpRequest, withdrawal_id: str) -> HttpResponse:
    """Where a withdrawal stands; looks again by itself while it waits."""
    found = withdrawals.find_withdrawal(holder_id=str(request.user.pk), withdrawal_id=withdrawal_id)
    shown = _shown(found)
    response = render(request, "payments/withdrawal.html", {"withdrawal": shown})
    if shown.is_waiting:
        response["Refresh"] = _REFRESH
    return response


@audience(Audience.HOLDER)
@login_required
@never_cache
@require_GET
def destination(request: HttpRequest, withdrawal_id: str) -> HttpResponse:
    """Wait until the page is there that asks for bank details, then go to it."""
    found = withdrawals.find_withdrawal(holder_id=str(request.user.pk), withdrawal_id=withdrawal_id)
    payout = BankPayout.objects.filter(withdrawal=found).first()
    if payout is not None and payout.status == PayoutStatus.WAITING:
        return HttpResponseRedirect(payout.hosted_url)
    if payout is None or payout.status != PayoutStatus.CREATED:
        return redirect("withdrawal", found.id)
    response = render(request, "payments/withdrawal.html", {"withdrawal": _shown(found)})
    response["Refresh"] = "1"
    return response


def _overview(request: HttpRequest, form: WithdrawalForm, *, status: int) -> HttpResponse:
    holder_id = str(request.user.pk)
    past = Withdrawal.objects.filter(holder_id=holder_id).order_by("-created_at", "-id")[:_SHOWN]
    context = {
        "form": form, "possible": _possible(holder_id), "past": [_shown(one) for one in past],
        "pays_to_banks": payouts.is_possible(),
    }  # fmt: skip
    return render(request, "payments/withdrawals.html", context, status=status)


def _question(request: HttpRequest, amount: Money) -> HttpResponse:
    context = {
        "amount": amount,
        "typed": request.POST.get("amount", ""),
        "binding": json.dumps(_binding(amount)),
        "pays_to_banks": payouts.is_possible(),
    }
    return render(request, "payments/withdrawal_confirm.html", context)


def _binding(amount: Money) -> dict[str, str | int]:
    """What the passkey signs; the money goes to where it came from and nowhere else."""
    return {"amount": amount.minor, "currency": amount.currency, "payee": "source"}


def _possible(holder_id: str) -> list[Possible]:
    """In each currency: what may go out, as far as it is in the main account."""
    found = []
    for balance in balances.of_holder(holder_id):
        if balance.ref.kind is AccountKind.MAIN:
            most = withdrawals.possible(holder_id, balance.ref.currency, now=clock.now())
            found.append(Possible(Money(min(balance.available.minor, most.minor), balance.ref.currency)))
    return [one for one in found if one.amount]


def _shown(withdrawal: Withdrawal) -> WithdrawalShown:
    status = WithdrawalStatus(withdrawal.status)
    needs_account = BankPayout.objects.filter(withdrawal=withdrawal, status=PayoutStatus.WAITING).exists()
    sentences = {
        WithdrawalStatus.CREATED: (_("It is being sent."), "warn"),
        WithdrawalStatus.PENDING: (_("It is on its way. A bank may take some days."), "warn"),
        WithdrawalStatus.SUCCEEDED: (_("The money was sent back to where it came from."), "ok"),
        WithdrawalStatus.FAILED: (_("It could not be sent. What could not go out is in your wallet again."), "stop"),
    }
    sentence, tone = sentences[status]
    if needs_account:
        sentence = _("A part of it came from other people. Say which bank account it goes to.")
    return WithdrawalShown(
        id=withdrawal.id, amount=withdrawal.amount, returned=withdrawal.returned, status=str(status),
        word=words.status(status), sentence=sentence, tone=tone, at=withdrawal.created_at,
        is_waiting=status in {WithdrawalStatus.CREATED, WithdrawalStatus.PENDING} and not needs_account,
        needs_account=needs_account,
    )  # fmt: skip
