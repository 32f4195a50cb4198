"""The listed test cards (the first four are the numbers that Stripe documents for tests) and what each leads to."""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Outcome(StrEnum):
    """What happens when a test card pays."""

    PAID = "paid"
    DECLINED = "declined"
    CHALLENGE = "challenge"
    SLOW = "slow"


@dataclass(frozen=True, slots=True)
class ListedCard:
    """One test card: its number, its outcome, and that outcome in words."""

    number: str
    outcome: Outcome
    meaning: str | Promise

    @property
    def grouped(self) -> str:
        """The number as it stands on a card."""
        return " ".join(self.number[i : i + 4] for i in range(0, len(self.number), 4))


LISTED = (
    ListedCard("4242424242424242", Outcome.PAID, _("pays at once")),
    ListedCard("4000000000000002", Outcome.DECLINED, _("is declined by the bank")),
    ListedCard("4000002760003184", Outcome.CHALLENGE, _("asks you to confirm with your bank (3-D Secure)")),
    ListedCard("4000000000000077", Outcome.SLOW, _("takes some seconds, as a bank debit does")),
)
_BY_NUMBER = {card.number: card.outcome for card in LISTED}


def outcome_of(number: str) -> Outcome | None:
    """What this number leads to, or None: then it is not a listed card and nothing of it is kept."""
    return _BY_NUMBER.get("".join(number.split()))
