"""Re-exports the tables of the rooms: Django looks for an app's models here."""

from cards.authorizations.models import (
    Authorization,
    CaseDecision,
    Chargeback,
    Mismatch,
    NetworkMessage,
    QueuedCase,
    Spending,
)
from cards.issuing.models import Card, Reveal
from cards.network.models import IssuingEvent, IssuingNumber, IssuingPerson, IssuingWatch, WalletToken
from cards.vault.models import CardNumber, NumberPlace, NumberSpending, TokenDomain

__all__ = [
    "Authorization",
    "Card",
    "CardNumber",
    "CaseDecision",
    "Chargeback",
    "IssuingEvent",
    "IssuingNumber",
    "IssuingPerson",
    "IssuingWatch",
    "Mismatch",
    "NetworkMessage",
    "NumberPlace",
    "NumberSpending",
    "QueuedCase",
    "Reveal",
    "Spending",
    "TokenDomain",
    "WalletToken",
]
