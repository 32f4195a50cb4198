"""What a card may be used for, in words, and where it was used."""

from collections.abc import Callable, Iterable

from django.db.models import Q, QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cards.issuing.cards import CardView, account_of
from cards.issuing.models import Card
from wallet.activity import lines
from wallet.activity.models import Line
from wallet.core.money import Money, format_money
from wallet.ledger.models import Account, Transfer

_LATEST = 20

#: From a card and a number to the references of what was asked of it, newest first; rooms above add theirs.
Source = Callable[[Card, int], Iterable[str]]
_SOURCES: list[Source] = []


def source(function: Source) -> Source:
    """Register what else happens to a card besides movements of its money."""
    _SOURCES.append(function)
    return function


def in_words(card: CardView) -> list[str]:
    """The rules as sentences; empty where there are none."""

    def money(minor: int) -> str:
        return format_money(Money(minor, card.currency), get_language() or "en")

    controls = card.controls
    said = {
        "single_use": _("One payment, then never again."),
        "merchant_locked": _("Locks to the first shop that takes money."),
        "platform": _("Works at %(name)s and nowhere else.") % {"name": card.platform or _("its platform")},
    }
    limits = (
        (controls.per_transaction, _("At most %(amount)s in one payment.")),
        (controls.daily, _("At most %(amount)s in a day.")),
        (controls.monthly, _("At most %(amount)s in a month.")),
        (controls.lifetime, _("At most %(amount)s ever.")),
    )
    lists = (
        (controls.merchants, _("Only at these shops: %(list)s.")),
        (controls.countries, _("Only in these countries: %(list)s.")),
        (controls.mcc_allow, _("Only at these kinds of shop: %(list)s.")),
        (controls.mcc_block, _("Never at these kinds of shop: %(list)s.")),
    )
    return [
        *([said[card.kind]] if card.kind in said else []),
        *(sentence % {"amount": money(minor)} for minor, sentence in limits if minor is not None),
        *(sentence % {"list": ", ".join(entries)} for entries, sentence in lists if entries),
    ]


def list_uses(card: Card) -> QuerySet[Line]:
    """Lines of activity about this card: what moved its money, and what was declined; newest first."""
    account = account_of(card)
    ids = Account.objects.filter(kind=account.kind, owner=account.owner, currency=account.currency).values("id")
    moved = Transfer.objects.filter(Q(debit_account__in=ids) | Q(credit_account__in=ids))
    refs = set(moved.order_by("-id").values_list("ref", flat=True)[: 5 * _LATEST])
    for refs_of in _SOURCES:
        refs |= set(refs_of(card, _LATEST))
    return lines.list_lines(card.holder_id).filter(ref__in=refs)[:_LATEST]
