"""`/refunds/{id}`: the payee decides whether money goes back."""

import json
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.generic import View

from payments.requests import refunding, sides
from payments.requests.models import Refund, Role
from payments.requests.payer_page import top_up_url
from payments.requests.refunding import RefundRefused
from wallet.activity import words
from wallet.core import clock
from wallet.core.api import Audience, audience
from wallet.core.errors import NotFound
from wallet.core.states import WrongState
from wallet.users import acts, stepup
from wallet.users.people import get_holder


class RefundPage(LoginRequiredMixin, View):
    """Show, and give back."""

    audience = Audience.HOLDER

    def get(self, request: HttpRequest, refund_id: str) -> HttpResponse:
        """What is asked, and why it is asked."""
        return _page(request, _own(request, refund_id))

    def post(self, request: HttpRequest, refund_id: str) -> HttpResponse:
        """Give it back with the passkey that said yes to this amount, currency and person."""
        refund, payee_id = _own(request, refund_id), str(request.user.pk)
        acts.may(get_holder(payee_id), acts.Act.APPROVE, clock.now())
        try:
            with transaction.atomic():
                stepup.require(request, binding=_binding(refund))
                refunding.approve_refund(payee_id=payee_id, refund_id=refund_id, now=clock.now())
        except RefundRefused as refused:
            return _page(request, refund, reason=refused.reason, status=HTTPStatus.PAYMENT_REQUIRED)
        except WrongState:
            return _page(request, _own(request, refund_id), status=HTTPStatus.CONFLICT)
        return HttpResponseRedirect(request.path)


@audience(Audience.HOLDER)
@login_required
@require_POST
def refuse(request: HttpRequest, refund_id: str) -> HttpResponse:
    """Keep the money; to say no needs no passkey."""
    refund = _own(request, refund_id)
    refunding.refuse_refund(payee_id=refund.payee_id, refund_id=refund_id, now=clock.now())
    messages.success(request, _("Nothing was given back."))
    return HttpResponseRedirect("/requests")


def _own(request: HttpRequest, refund_id: str) -> Refund:
    try:
        return refunding.get_own(payee_id=str(request.user.pk), refund_id=refund_id)
    except NotFound:
        raise Http404 from None


def _name(refund: Refund) -> str:
    """The payer's alias in the payee's own copy, with the platform on which it means something."""
    side = sides.read_side(refund.request, Role.PAYEE)
    return sides.shown_name("" if side is None else side.other_alias, refund.platform.name)


def _binding(refund: Refund) -> dict[str, str | int]:
    return {
        "amount": refund.amount_minor, "currency": refund.currency, "payee": _name(refund), "refund": refund.id,
    }  # fmt: skip


def _page(request: HttpRequest, refund: Refund, *, reason: str = "", status: int = HTTPStatus.OK) -> HttpResponse:
    context: dict[str, Any] = {
        "refund": {
            "id": refund.id, "status": refund.status, "amount": refund.amount, "payment": refund.request.amount,
            "platform": refund.platform.name, "name": _name(refund), "request": refund.request_id,
        },
        "binding": json.dumps(_binding(refund)),
        "is_for_nobody": refunding.is_for_nobody(refund),
        "reason": _in_words(reason or refunding.why_asked(refund, clock.now())),
        "top_up_url": top_up_url(refund.amount, back=request.path) if reason == "not_sufficient_funds" else "",
    }  # fmt: skip
    return render(request, "payments/refund.html", context, status=status)


def _in_words(reason: str) -> str:
    own = {
        "": "",
        "refunds_off": _("You have not allowed this platform to give money back without asking you."),
        "mandate_over": _("The time that you gave one tap is over."),
        "approval_due": _("The platform asked often today, so it waits for you to approve one payment."),
        "not_sufficient_funds": _("There is not enough on your main balance. Top up, then come back."),
    }
    found = words.reason(reason)
    return own.get(reason, f"{found.text}. {found.next_step}" if found else "")
