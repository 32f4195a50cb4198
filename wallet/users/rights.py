"""What this room holds about a person, and how it is exported and erased."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from privacy.rights import kinds, leaving
from privacy.rights.leaving import Named
from wallet.users import freezes
from wallet.users.models import Holder
from wallet.users.people import is_staying


@kinds.register
class Passkeys(kinds.Kind):
    """Public halves, and what the holder calls them."""

    name = "passkeys"
    label = _("your passkeys")


@kinds.register
class RecoveryCodes(kinds.Kind):
    """Digests, and a fresh set until one was typed back."""

    name = "recovery_codes"
    label = _("your recovery codes")


@kinds.register
class Sessions(kinds.Kind):
    """Browsers that are signed in, and open questions to a passkey."""

    name = "sessions"
    label = _("your sessions")


@kinds.register
class Account(kinds.Kind):
    """The person: an id, a language, perhaps a sign-in name."""

    name = "account"
    label = _("your account")

    def erase(self, holder_id: str, *, now: datetime) -> None:  # noqa: ARG002 - for kinds that need the time
        """The row stays for the books, without anything in it; nobody signs in with it again."""
        nobody = Holder(username=None, is_active=False)
        nobody.set_unusable_password()
        Holder.objects.filter(pk=holder_id).update(
            username=None, password=nobody.password, language="en", is_active=False, last_login=None,
            recovered_at=None, codes_kept_at=None,
        )  # fmt: skip


@leaving.named
def freeze_of(holder_id: str) -> list[Named]:
    """A legal hold: while the wallet is frozen nothing ends and nothing is erased, and its holder reads so."""
    return [Named("frozen", is_waited_for=True)] if freezes.is_frozen(holder_id) else []


@leaving.seal(10)
def wait_for_money(holder_id: str) -> None:
    """Whoever is just giving them money is waited for; the account that it comes to is looked at after this."""
    is_staying(holder_id)
