"""What a platform would have known had it been given the bank card, beside what it knows."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from privacy.fields import FieldClass

#: What a form for a bank card asks for or gives away, and the classes that would say the same here.
_WITH_A_CARD: Final[tuple[tuple[Promise, frozenset[FieldClass]], ...]] = (
    (_("the number of your bank card"), frozenset({FieldClass.CARD_NUMBER_BANK})),
    (_("your name, as the card has it"), frozenset({FieldClass.IDENTITY_NAME})),
    (_("your bank and its country: the first digits say so"),
     frozenset({FieldClass.CARD_NUMBER_BANK, FieldClass.BANK_ACCOUNT})),
    (_("a number that every other shop has too: two of them can tell that you are one person"),
     frozenset({FieldClass.CARD_NUMBER_BANK, FieldClass.BANK_ACCOUNT, FieldClass.IDENTITY_DOCUMENT})),
    (_("where the bill goes: an e-mail address, often your home"), frozenset({FieldClass.IDENTITY_EMAIL})),
    (_("a way to take as much as your bank lets through"),
     frozenset({FieldClass.CARD_NUMBER_BANK, FieldClass.BANK_ACCOUNT})),
)  # fmt: skip
#: What a platform knows in both cases: without it there is no payment.
_IN_BOTH: Final[tuple[tuple[Promise, FieldClass], ...]] = (
    (_("what was paid there, and when"), FieldClass.PAYMENT_AMOUNT),
)
#: What it knows here alone.
_HERE_ALONE: Final[tuple[tuple[Promise, FieldClass], ...]] = (
    (_("a random handle that stands for you there and nowhere else"), FieldClass.LINK_HANDLE),
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the comparison."""

    what: str
    with_a_card: bool
    here: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both sides, line by line and counted."""

    name: str
    facts: tuple[Fact, ...]

    @property
    def with_a_card(self) -> int:
        """How many of these things it would know."""
        return sum(fact.with_a_card for fact in self.facts)

    @property
    def here(self) -> int:
        """How many of them it knows."""
        return sum(fact.here for fact in self.facts)

    @property
    def width_with_a_card(self) -> int:
        """The bar's width in the picture, of 200."""
        return 200 * self.with_a_card // len(self.facts)

    @property
    def width_here(self) -> int:
        """The bar's width in the picture, of 200."""
        return 200 * self.here // len(self.facts)


def compare(name: str, known: Collection[str]) -> Comparison:
    """The comparison for one platform that got these classes: its right side is read off the log, not promised."""
    got = {FieldClass(one) for one in known}
    facts = [Fact(str(what), with_a_card=True, here=not classes.isdisjoint(got)) for what, classes in _WITH_A_CARD]
    facts += [Fact(str(what), with_a_card=True, here=one in got) for what, one in _IN_BOTH]
    facts += [Fact(str(what), with_a_card=False, here=one in got) for what, one in _HERE_ALONE]
    return Comparison(name, tuple(facts))
