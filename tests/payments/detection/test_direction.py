"""Who owes whom (RULES.md 7)."""

from __future__ import annotations

import pytest

from payments.detection import Finding, Intent, Message, detect

TWO = ("alice", "bob")
THREE = ("alice", "bob", "eve")


def find(text: str, participants: tuple[str, ...], locale: str = "fr-FR") -> Finding:
    return detect(Message(text, (), "alice", participants, locale))


@pytest.mark.parametrize(
    ("text", "participants", "debtor", "creditor"),
    [
        ("tu me dois 20€", TWO, "bob", "alice"),
        ("je te dois 20€", TWO, "alice", "bob"),
        ("bob, tu me dois 20€", THREE, "bob", "alice"),
        ("vous me devez 20€ chacun", THREE, "*", "alice"),
        ("bob me doit 20€", THREE, "bob", "alice"),
        ("je te rends tes 20€ demain bob", THREE, "alice", "bob"),
        ("je te rends tes 20€ demain", THREE, "alice", None),
        ("80€ le taxi, on divise par 4", THREE, None, None),
        ("j'ai payé 80€ de taxi, on divise par 4", THREE, "*", "alice"),
        ("j'ai payé 80€ de taxi, on divise en deux", TWO, "bob", "alice"),
    ],
)
def test_debtor_and_creditor(
    text: str, participants: tuple[str, ...], debtor: str | None, creditor: str | None
) -> None:
    """Break: swap debtor and creditor of an offer."""
    found = find(text, participants)
    assert (found.debtor, found.creditor) == (debtor, creditor)


def test_a_claim_against_somebody_outside_the_thread_is_none() -> None:
    """Break: take any word for a name."""
    assert find("Mallory me doit 20€", THREE).intent is Intent.NONE
    assert find("bob doit 20€ à eve", THREE).intent is Intent.NONE


def test_a_sender_nobody_knows_leaves_the_direction_open() -> None:
    found = detect(Message("tu me dois 20€", locale="fr"))
    assert (found.intent, found.amount_minor, found.debtor, found.creditor) == (Intent.REQUEST, 2000, None, None)


def test_the_language_of_the_message_beats_the_locale_of_the_sender() -> None:
    found = find("you owe me 20 bucks for the tickets", TWO, "fr-FR")
    assert (found.intent, found.amount_minor, found.currency) == (Intent.REQUEST, 2000, "USD")
