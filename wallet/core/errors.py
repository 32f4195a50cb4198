"""Refusals: what a rule of the domain may say no with. No HTTP here, and no personal data in them."""

from enum import StrEnum
from typing import ClassVar


class Kind(StrEnum):
    """What sort of no it is; `problems` maps each to one HTTP status."""

    UNREADABLE = "unreadable"
    UNAUTHENTICATED = "unauthenticated"
    REFUSED = "refused"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    MEDIA = "media"
    INVALID = "invalid"
    LIMITED = "limited"
    UNAVAILABLE = "unavailable"


class WalletError(Exception):
    """An expected refusal.

    Subclass it beside the function that raises it and set `kind`, `slug` (the name of its page under /problems/) and
    `title`. Facts are typed values for people and programs: ids, amounts the asker sent, field names; never a balance,
    a name, a number of a card.

    Args:
        detail: one sentence for this occurrence, or "" to say just the title.
        pointer: JSON pointer of the member at fault, for `Kind.INVALID`.
        retry_after: seconds, for `Kind.LIMITED` and `Kind.UNAVAILABLE`.
        facts: anything else typed that the page or message needs.
    """

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "invalid"
    title: ClassVar[str] = "This cannot be done"

    def __init__(
        self, detail: str = "", *, pointer: str = "", retry_after: int | None = None, **facts: str | int
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.pointer = pointer
        self.retry_after = retry_after
        self.facts = facts


class NotFound(WalletError):
    """Unknown, or another's: nobody learns which (contract.md)."""

    kind = Kind.NOT_FOUND
    slug = "not-found"
    title = "There is nothing here"


class Invalid(WalletError):
    """A member of the request has a wrong type, range or value; `pointer` names it."""

    kind = Kind.INVALID
    slug = "validation-failed"
    title = "A value is not valid"


class GatewayUnavailable(WalletError):
    """The payment service does not answer: nothing is known, the worker tries again."""

    kind = Kind.UNAVAILABLE
    slug = "gateway-unavailable"
    title = "The payment service does not answer"


class GatewayBusy(GatewayUnavailable):
    """As many calls as may wait for it are waiting: a moment later there is room."""

    slug = "gateway-busy"


class GatewayRefused(WalletError):
    """The payment service will not do this: trying again cannot help."""

    slug = "gateway-refused"
    title = "The payment service refuses this"
