"""What the application role may write of a payment: what its functions allow."""

import pytest
from django.db import DatabaseError, connection, transaction

from tests.cards.acquirer import TestCard, issue

pytestmark = pytest.mark.django_db

FORBIDDEN = [
    "INSERT INTO cards_spending (card_id) VALUES ('{card}')",
    "UPDATE cards_spending SET lifetime_minor = 0",
    "DELETE FROM cards_spending",
    "UPDATE cards_mismatch SET count = 0",
    "DELETE FROM cards_mismatch",
    "INSERT INTO cards_mismatch (subject, day, count) VALUES ('x', now(), 0)",
    "UPDATE cards_networkmessage SET answer = '{{}}'",
    "DELETE FROM cards_networkmessage",
    "DELETE FROM cards_authorization",
    "DELETE FROM cards_queuedcase",
    "TRUNCATE cards_authorization",
    "SELECT cards_seen('sandbox', 'x', 'authorization')",
    "UPDATE wallet_account SET credits_posted = credits_posted + 1 WHERE owner = '{card}'",
    "UPDATE wallet_hold SET remaining = 0, closed_at = now()",
    "INSERT INTO wallet_transfer (key) VALUES ('k')",
    "INSERT INTO privacy_exposure (id) VALUES ('xpo_x')",
]


@pytest.fixture
def card() -> TestCard:
    made = issue(1000)
    made.authorize(100)
    made.authorize(1, cvc=made.wrong_cvc)
    return made


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_application_role_cannot(card: TestCard, statement: str) -> None:
    """standard.md L04. Break: leave a table out of `protect_table` in 0003_authorizations."""
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(card=card.card.id))


def test_a_hold_cannot_stand_on_a_payment_that_is_over(card: TestCard) -> None:
    """Break: leave `authorization_held_while_approved` out of the migration."""
    over = "UPDATE cards_authorization SET status = 'captured' WHERE held_minor > 0"
    refused = pytest.raises(DatabaseError, match="authorization_held_while_approved")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(over)
