"""States of a payment, of a chargeback and of a case for a person, and what a network message can come to.

What each message does in each state stands in `rules`; the table for people is docs/card-states.md.
"""

from django.db import models

from wallet.core.states import StateMachine


class AuthorizationStatus(models.TextChoices):
    """Where a payment is in its life."""

    APPROVED = "approved"
    DECLINED = "declined"
    #: Cleared for good: nothing is held any more.
    CAPTURED = "captured"
    REVERSED = "reversed"
    EXPIRED = "expired"


_OVER = (AuthorizationStatus.DECLINED, AuthorizationStatus.REVERSED, AuthorizationStatus.EXPIRED)

AUTHORIZATION = StateMachine[AuthorizationStatus](
    name="authorization",
    edges={
        # Also late: money that has gone is shown as gone, and no hold comes back.
        "clear": dict.fromkeys((AuthorizationStatus.APPROVED, *_OVER), AuthorizationStatus.CAPTURED),
        "reverse": {AuthorizationStatus.APPROVED: AuthorizationStatus.REVERSED},
        "expire": {AuthorizationStatus.APPROVED: AuthorizationStatus.EXPIRED},
    },
)


class ChargebackStatus(models.TextChoices):
    """Where a dispute with a merchant is."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


CHARGEBACK = StateMachine[ChargebackStatus](
    name="chargeback",
    edges={
        # The other way as well: arbitration may turn an outcome.
        "win": dict.fromkeys((ChargebackStatus.OPEN, ChargebackStatus.LOST), ChargebackStatus.WON),
        "lose": dict.fromkeys((ChargebackStatus.OPEN, ChargebackStatus.WON), ChargebackStatus.LOST),
    },
)


class CaseStatus(models.TextChoices):
    """Where a case for a person is."""

    OPEN = "open"
    #: A person has looked at it, and no money moved.
    RESOLVED = "resolved"
    #: A person has moved the programme's loss to the holder.
    CHARGED = "charged"
    #: A person has given the holder money that the programme had kept apart.
    GIVEN = "given"


CASE = StateMachine[CaseStatus](
    name="exception",
    edges={
        "resolve": {CaseStatus.OPEN: CaseStatus.RESOLVED},
        "charge": {CaseStatus.OPEN: CaseStatus.CHARGED},
        "give": {CaseStatus.OPEN: CaseStatus.GIVEN},
    },
)


class MessageKind(models.TextChoices):
    """What the network says."""

    AUTHORIZATION = "authorization"
    INCREMENT = "increment"
    REVERSAL = "reversal"
    CAPTURE = "capture"
    FORCE_POST = "force_post"
    REFUND = "refund"
    #: A refund was a mistake: the network takes it back.
    REFUND_REVERSAL = "refund_reversal"
    #: The holder disputes what was cleared.
    CHARGEBACK = "chargeback"
    CHARGEBACK_WON = "chargeback_won"
    CHARGEBACK_LOST = "chargeback_lost"


class Result(models.TextChoices):
    """What came of a message that is not an authorization."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    #: Nothing moved by itself, or not all of it: a person looks at it.
    QUEUED = "queued"
    #: An increment that was declined; what was held stays held.
    REFUSED = "refused"
