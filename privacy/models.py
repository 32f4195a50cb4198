"""Re-exports the tables of the rooms: Django looks for an app's models here."""

from privacy.consent.models import Consent
from privacy.crypto.models import BranchKey, DataKey, KeyErasure, KeyRotation, RootKey
from privacy.exposure.models import (
    Count,
    Disclosure,
    Exposure,
    LogHead,
    LogStatement,
    LogTile,
    LogWitness,
    Recipient,
    Tally,
)
from privacy.rights.models import Erasure, Export

__all__ = [
    "BranchKey",
    "Consent",
    "Count",
    "DataKey",
    "Disclosure",
    "Erasure",
    "Export",
    "Exposure",
    "KeyErasure",
    "KeyRotation",
    "LogHead",
    "LogStatement",
    "LogTile",
    "LogWitness",
    "Recipient",
    "RootKey",
    "Tally",
]
