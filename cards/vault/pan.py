"""A card number as a value that cannot be printed, formatted, logged, copied or pickled."""

from privacy.crypto.secret import Secret, forgets_locals
from wallet.core.errors import Kind, WalletError

#: ISO/IEC 7812. Ours have 16; the network may ask about any.
_SHORTEST, _LONGEST = 12, 19


class PanUnreadable(WalletError):
    """The text is no card number: not 12 to 19 digits."""

    kind = Kind.INVALID
    slug = "validation-failed"
    title = "A value is not valid"


class Pan(Secret):
    """A primary account number; `reveal()` gives the digits, `last4` what may be shown.

    A wrong check digit is no error here: the network must answer it like any other number that is nobody's.

    Raises:
        PanUnreadable: not a card number; the message does not repeat it.
    """

    __slots__ = ()

    @forgets_locals
    def __init__(self, digits: str) -> None:
        if not (digits.isascii() and digits.isdigit() and _SHORTEST <= len(digits) <= _LONGEST):
            raise PanUnreadable("must be a card number", pointer="/pan")
        super().__init__(digits)

    @property
    def last4(self) -> str:
        """The four digits that may stand on a card face."""
        return self.reveal()[-4:]


def is_luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1 annex B)."""
    return check_digit(digits[:-1]) == digits[-1]


def check_digit(payload: str) -> str:
    """The digit that completes a payload to a number that passes Luhn's test."""
    total = 0
    for index, digit in enumerate(reversed(payload)):
        value = int(digit) * (2 - index % 2)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 - Luhn casts out nines
    return str(-total % 10)
