"""What this room holds about a person, and how it is exported and erased."""

from django.utils.translation import gettext_lazy as _

from privacy.rights import kinds


@kinds.register
class CardPayments(kinds.Kind):
    """Payments, disputes, and what was spent."""

    name = "card_payments"
    label = _("payments with your cards")
