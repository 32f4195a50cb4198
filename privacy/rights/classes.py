"""What a column may be: a field class that can leave, a class that never does, or a technical one."""

from enum import StrEnum
from typing import Final

from privacy.fields import FieldClass


class KeptClass(StrEnum):
    """Personal data that stays inside: no body that leaves to a platform, shop or network has such a member."""

    ACCOUNT_CREDENTIAL = "account.credential"
    ACCOUNT_NAME = "account.name"
    ACCOUNT_LANGUAGE = "account.language"
    ACCOUNT_ACTIVITY = "account.activity"
    ACCOUNT_DEVICE = "account.device"
    ACCOUNT_TIER = "account.tier"
    ACCOUNT_NOTICE = "account.notice"
    ACCOUNT_ANSWER = "account.answer"
    CONSENT_GIVEN = "consent.given"
    EXPORT_DOCUMENT = "export.document"
    EXPOSURE_RECORD = "exposure.record"
    PURCHASE_CATEGORY = "purchase.category"
    SPENDING_RULE = "spending.rule"
    SPENDING_USED = "spending.used"
    STAFF_ACT = "staff.act"
    STAFF_CASE = "staff.case"
    STAFF_NOTE = "staff.note"


class TechnicalClass(StrEnum):
    """What says nothing about a person by itself."""

    KEY = "technical.key"
    HOLDER = "technical.holder"
    OTHER = "technical.other"
    ACTOR = "technical.actor"
    MARK = "technical.mark"
    SECRET = "technical.secret"  # noqa: S105 - a class of data, no secret
    SETTINGS = "technical.settings"
    VERSION = "technical.version"
    WORK = "technical.work"


DataClass = FieldClass | KeptClass | TechnicalClass

KEPT_MEANINGS: Final[dict[KeptClass | TechnicalClass, str]] = {
    KeptClass.ACCOUNT_CREDENTIAL: "what a sign-in is checked with: a passkey's public half, a password's slow hash",
    KeptClass.ACCOUNT_NAME: "the generated sign-in name of a password account",
    KeptClass.ACCOUNT_LANGUAGE: "the language of the pages",
    KeptClass.ACCOUNT_ACTIVITY: "when an account or a key was made and used",
    KeptClass.ACCOUNT_DEVICE: "family of browser and system, or what the holder calls a passkey",
    KeptClass.ACCOUNT_TIER: "anonymous or verified",
    KeptClass.ACCOUNT_NOTICE: "what the inbox told",
    KeptClass.ACCOUNT_ANSWER: "the answer of a request that may be repeated",
    KeptClass.CONSENT_GIVEN: "what was shown and allowed, with its receipt",
    KeptClass.EXPORT_DOCUMENT: "everything about a person, sealed",
    KeptClass.EXPOSURE_RECORD: "who got what of it, and the bytes",
    KeptClass.PURCHASE_CATEGORY: "sort of shop and country of a card payment",
    KeptClass.SPENDING_RULE: "limits that the holder set",
    KeptClass.SPENDING_USED: "how much of a limit is used",
    KeptClass.STAFF_ACT: "what somebody of the staff did about it",
    KeptClass.STAFF_CASE: "a case of the monitoring that the law demands",
    KeptClass.STAFF_NOTE: "one line of the staff's",
    TechnicalClass.KEY: "inner number of a row, or a reference to one",
    TechnicalClass.HOLDER: "the random id of the person that the row is about",
    TechnicalClass.OTHER: "the random id or handle of somebody else",
    TechnicalClass.ACTOR: "who did it: a kind and an id",
    TechnicalClass.MARK: "keyed index, digest or commitment: tells nothing without the value",
    TechnicalClass.SECRET: "wrapped key, hashed token or code: opens nothing for who reads it",
    TechnicalClass.SETTINGS: "what an operator or a platform has set",
    TechnicalClass.VERSION: "counter that guards a row",
    TechnicalClass.WORK: "progress of work: states, codes, counts, times",
}

#: What speaks of a person in words or numbers that mean something outside: never in clear in a table.
SEALED_ALWAYS: Final = frozenset(
    {
        FieldClass.CARD_CVC_VIRTUAL, FieldClass.CARD_LABEL, FieldClass.CARD_NUMBER_BANK,
        FieldClass.CARD_NUMBER_VIRTUAL, FieldClass.BANK_ACCOUNT, FieldClass.CONTACT_ALIAS, FieldClass.DEVICE_ADDRESS,
        FieldClass.IDENTITY_DOCUMENT, FieldClass.IDENTITY_EMAIL, FieldClass.IDENTITY_NAME, FieldClass.MESSAGE_TEXT,
        FieldClass.PAYMENT_NOTE, FieldClass.PURCHASE_MERCHANT, KeptClass.ACCOUNT_NOTICE, KeptClass.ACCOUNT_ANSWER,
        KeptClass.EXPORT_DOCUMENT,
    }
)  # fmt: skip


def class_named(name: str) -> DataClass | None:
    """The class with this value, if there is one."""
    for classes in (FieldClass, KeptClass, TechnicalClass):
        if name in set(classes):
            return classes(name)
    return None


def is_personal(one: DataClass) -> bool:
    """Whether it says something about a person."""
    return not isinstance(one, TechnicalClass)
