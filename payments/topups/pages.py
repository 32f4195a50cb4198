"""Pages of a top-up: ask for it, wait for the hosted page, see where it stands."""

from dataclasses import dataclass
from datetime import timedelta

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from cards.issuing import cards
from cards.issuing.states import CardStatus
from payments.topups import top_ups
from payments.topups.models import TopUp, TopUpStatus
from wallet.core import clock
from wallet.core.actors import Actor
from wallet.core.api import Audience, audience
from wallet.core.errors import WalletError
from wallet.core.money import Money, parse_money
from wallet.users.returning import safe_page

#: Seconds between two looks of a waiting page.
_REFRESH = "2"
#: How long a payment page takes at most when the gateway is well.
_PATIENCE = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class TopUpShown:
    """A top-up for a template."""

    id: str
    amount: Money
    status: str
    sentence: str
    tone: str
    is_waiting: bool
    card_id: str
    back: str


class TopUpForm(forms.Form):
    """How much, in which currency, and onto which card."""

    amount = forms.CharField(label=gettext_lazy("Amount"), max_length=20)
    currency = forms.ChoiceField(label=gettext_lazy("Currency"))
    card = forms.ChoiceField(label=gettext_lazy("Goes to"), required=False)

    def __init__(self, *args: object, holder_id: str, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.fields["amount"].widget.attrs.update(inputmode="decimal", autocomplete="off", autofocus=True)
        self.fields["currency"].choices = [(code, code) for code in settings.CURRENCIES]  # type: ignore[attr-defined]
        choices = [("", _("My wallet"))]
        choices += [
            (card.id, _("Card •••• %(last4)s, %(currency)s") % {"last4": card.last4, "currency": card.currency})
            for card in cards.list_cards(holder_id)
            if card.status != CardStatus.CLOSED
        ]
        self.fields["card"].choices = choices  # type: ignore[attr-defined]

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
def new(request: HttpRequest) -> HttpResponse:
    """Ask for a top-up; then straight on to the page where one pays."""
    holder_id = str(request.user.pk)
    initial = {"amount": request.GET.get("amount", "")[:20], "currency": request.GET.get("currency", "")[:3]}
    if (card_id := request.GET.get("card")) is not None:
        initial["card"] = card_id[:40]
    form = TopUpForm(request.POST or None, initial=initial, holder_id=holder_id)
    if request.method == "POST" and form.is_valid():
        try:
            top_up = top_ups.create_top_up(
                holder_id=holder_id, amount=form.cleaned_data["money"], card_id=form.cleaned_data["card"],
                actor=Actor.holder(holder_id), now=clock.now(),
            )  # fmt: skip
        except WalletError as refusal:
            if refusal.pointer == "/card":
                form.add_error(
                    "card", _("This card cannot be topped up like that: it is closed, or holds another currency.")
                )
            else:
                form.add_error("amount", _(refusal.title))
        else:
            request.session[f"after:{top_up.id}"] = safe_page(request, request.POST.get("next"), "")
            return redirect("top-up-checkout", top_up.id)
    context = {"form": form, "next": safe_page(request, request.GET.get("next"), "")}
    return render(request, "payments/top_up_new.html", context, status=422 if form.errors else 200)


@audience(Audience.HOLDER)
@login_required
@never_cache
@require_GET
def checkout(request: HttpRequest, top_up_id: str) -> HttpResponse:
    """Wait until the gateway's page is there, then go to it (settled.md 4: this request does not call out)."""
    top_up = top_ups.find_top_up(holder_id=str(request.user.pk), top_up_id=top_up_id)
    if top_up.status == TopUpStatus.PENDING and top_up.hosted_url:
        return HttpResponseRedirect(top_up.hosted_url)
    if top_up.status != TopUpStatus.CREATED:
        return redirect("top-up", top_up.id)
    is_late = top_up.created_at + _PATIENCE < clock.now()
    response = render(request, "payments/top_up_wait.html", {"top_up": _shown(request, top_up), "is_late": is_late})
    response["Refresh"] = "5" if is_late else "1"
    return response


@audience(Audience.HOLDER)
@login_required
@never_cache
@require_GET
def show(request: HttpRequest, top_up_id: str) -> HttpResponse:
    """Where a top-up stands; looks again by itself while it waits."""
    top_up = top_ups.find_top_up(holder_id=str(request.user.pk), top_up_id=top_up_id)
    shown = _shown(request, top_up)
    response = render(request, "payments/top_up.html", {"top_up": shown})
    if shown.is_waiting:
        response["Refresh"] = _REFRESH
    return response


def _shown(request: HttpRequest, top_up: TopUp) -> TopUpShown:
    sentences = {
        TopUpStatus.CREATED: (_("The payment page is being prepared."), "warn"),
        TopUpStatus.PENDING: (_("Waiting for the payment to arrive."), "warn"),
        TopUpStatus.SUCCEEDED: (_("The money is in your wallet."), "ok"),
        TopUpStatus.FAILED: (_("The payment did not go through. Nothing was taken."), "stop"),
        TopUpStatus.EXPIRED: (_("The payment page was not used in time. Nothing was taken."), "stop"),
        TopUpStatus.REFUNDED: (_("This top-up was paid back."), "warn"),
        TopUpStatus.DISPUTED: (_("This top-up is disputed."), "stop"),
    }
    status = TopUpStatus(top_up.status)
    sentence, tone = sentences[status]
    return TopUpShown(
        id=top_up.id, amount=top_up.amount, status=str(status), sentence=sentence, tone=tone,
        is_waiting=status in {TopUpStatus.CREATED, TopUpStatus.PENDING}, card_id=top_up.card_id,
        back=request.session.get(f"after:{top_up.id}", ""),
    )  # fmt: skip
