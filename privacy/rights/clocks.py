"""Clocks of retention: how long a row is kept, and which law or need says so."""

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock: when it strikes, and why then."""

    until: Promise
    reason: Promise


#: Sealed columns follow their key (`account` for life, `law` for law) whatever the row's own clock is.
CLOCKS: Final[dict[str, Clock]] = {
    "account": Clock(
        _("until you leave"),
        _("needed for the wallet that you asked for (GDPR art. 6(1)(b)); erased at once when you leave (art. 17)"),
    ),
    "law": Clock(
        _("five years after you have left"),
        _("Directive (EU) 2015/849, art. 40(1): payments and their parties are kept for five years"),
    ),
    "ledger": Clock(
        _("without end, nameless once you have left"),
        _("bookkeeping law, and the proof that no money was made up; a random number stands for you, and what tied it "
          "to you is destroyed when you leave"),
    ),
    "nameless": Clock(
        _("without end, nameless once you have left"),
        _("numbers, states and times that other records rest on; every word in them is sealed, and the key is "
          "destroyed when you leave"),
    ),
    "session": Clock(
        _("until you sign out, 12 hours at most"), _("needed to keep you signed in (GDPR art. 6(1)(b))")
    ),
    "day": Clock(_("one day"), _("needed while a question to your passkey is open (GDPR art. 6(1)(b))")),
    "month": Clock(_("30 days"), _("so that a repeated request has one effect (GDPR art. 6(1)(b))")),
    "quarter": Clock(_("90 days"), _("so that a platform can ask again what it was told (GDPR art. 6(1)(b))")),
    "tokens": Clock(
        _("until the link ends, or the token does"), _("needed for the link that you made (GDPR art. 6(1)(b))")
    ),
    "keys": Clock(
        _("until it is destroyed or replaced; a tombstone stays"),
        _("the tombstone keeps a backup from bringing a destroyed key back (GDPR art. 17 and 32)"),
    ),
    "service": Clock(_("while the service runs"), _("not about a person")),
}  # fmt: skip
