"""The taxonomy: what kinds of data there are, why they may leave, on what ground and by which way.

A member of a body that leaves names its `FieldClass`, or the build fails. The sentences are what a holder reads.
"""

from enum import StrEnum
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class FieldClass(StrEnum):
    """What a piece of data says about a person. The values are public (`GET /v1/exposures`): add, never rename."""

    OBJECT_ID = "object.id"
    OBJECT_STATE = "object.state"
    OBJECT_TIME = "object.time"
    PAYMENT_AMOUNT = "payment.amount"
    PAYMENT_STATUS = "payment.status"
    PAYMENT_NOTE = "payment.note"
    PAYMENT_REFERENCE = "payment.reference"
    LINK_HANDLE = "link.handle"
    LINK_ONE_TAP = "link.one_tap"
    ACCESS_TOKEN = "access.token"  # noqa: S105 - a class of data, no token
    CARD_DECISION = "card.decision"
    CARD_NUMBER_VIRTUAL = "card.number.virtual"
    CARD_LAST4_VIRTUAL = "card.last4.virtual"
    CARD_EXPIRY_VIRTUAL = "card.expiry.virtual"
    CARD_CVC_VIRTUAL = "card.cvc.virtual"
    CARD_NUMBER_BANK = "card.number.bank"
    BANK_ACCOUNT = "bank.account"
    IDENTITY_NAME = "identity.name"
    IDENTITY_EMAIL = "identity.email"
    IDENTITY_DOCUMENT = "identity.document"
    CONTACT_ALIAS = "contact.alias"
    DEVICE_ADDRESS = "device.address"
    PURCHASE_MERCHANT = "purchase.merchant"
    CARD_LABEL = "card.label"
    MESSAGE_TEXT = "message.text"
    MESSAGE_FINDING = "message.finding"
    BALANCE = "balance"


class Purpose(StrEnum):
    """Why data leaves."""

    PAYMENT = "payment"
    LINKING = "linking"
    CARD_PAYMENT = "card_payment"
    CARD_REVEAL = "card_reveal"
    TOP_UP = "top_up"
    WITHDRAWAL = "withdrawal"
    DETECTION = "detection"
    SECURITY = "security"
    SUPPORT = "support"
    LEGAL_DUTY = "legal_duty"


class Basis(StrEnum):
    """On what ground (GDPR art. 6)."""

    #: A live consent of the holder to this recipient covers the classes; the gate checks it.
    CONSENT = "consent"
    #: It carries out what the holder has just asked for, or has paid.
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    LEGITIMATE_INTEREST = "legitimate_interest"


class Channel(StrEnum):
    """By which way."""

    API = "api"
    WEBHOOK = "webhook"
    NETWORK = "network"
    GATEWAY = "gateway"
    PAGE = "page"
    CHAT = "chat"
    EMAIL = "email"


CLASS_LABELS: Final[dict[FieldClass, Promise]] = {
    FieldClass.OBJECT_ID: _("reference number"),
    FieldClass.OBJECT_STATE: _("state"),
    FieldClass.OBJECT_TIME: _("time"),
    FieldClass.PAYMENT_AMOUNT: _("amount"),
    FieldClass.PAYMENT_STATUS: _("payment status"),
    FieldClass.PAYMENT_NOTE: _("note"),
    FieldClass.PAYMENT_REFERENCE: _("platform's reference"),
    FieldClass.LINK_HANDLE: _("link handle"),
    FieldClass.LINK_ONE_TAP: _("one-tap allowed"),
    FieldClass.ACCESS_TOKEN: _("access token"),
    FieldClass.CARD_DECISION: _("card decision"),
    FieldClass.CARD_NUMBER_VIRTUAL: _("virtual card number"),
    FieldClass.CARD_LAST4_VIRTUAL: _("last four digits"),
    FieldClass.CARD_EXPIRY_VIRTUAL: _("virtual card expiry"),
    FieldClass.CARD_CVC_VIRTUAL: _("virtual card security code"),
    FieldClass.CARD_NUMBER_BANK: _("bank card number"),
    FieldClass.BANK_ACCOUNT: _("bank account"),
    FieldClass.IDENTITY_NAME: _("name"),
    FieldClass.IDENTITY_EMAIL: _("e-mail address"),
    FieldClass.IDENTITY_DOCUMENT: _("identity document"),
    FieldClass.CONTACT_ALIAS: _("alias"),
    FieldClass.DEVICE_ADDRESS: _("device address"),
    FieldClass.PURCHASE_MERCHANT: _("shop"),
    FieldClass.CARD_LABEL: _("card's name"),
    FieldClass.MESSAGE_TEXT: _("message text"),
    FieldClass.MESSAGE_FINDING: _("finding in a message"),
    FieldClass.BALANCE: _("balance"),
}

CLASS_SENTENCES: Final[dict[FieldClass, Promise]] = {
    FieldClass.OBJECT_ID: _("a random number that names one payment or object, and nothing else"),
    FieldClass.OBJECT_STATE: _("how far something had got, such as open or ended"),
    FieldClass.OBJECT_TIME: _("when something happened, to the second"),
    FieldClass.PAYMENT_AMOUNT: _("the amount that was asked for, paid or received"),
    FieldClass.PAYMENT_STATUS: _("whether a payment was open, paid, declined or canceled"),
    FieldClass.PAYMENT_NOTE: _("the note that this platform itself had sent with the payment"),
    FieldClass.PAYMENT_REFERENCE: _("the reference that this platform itself had sent with the payment"),
    FieldClass.LINK_HANDLE: _("the random handle that stands for you at this platform and nowhere else"),
    FieldClass.LINK_ONE_TAP: _("whether you allow one-tap payments there"),
    FieldClass.ACCESS_TOKEN: _("a key with which the platform can do what you allowed, and no more"),
    FieldClass.CARD_DECISION: _("whether a payment with a virtual card was approved"),
    FieldClass.CARD_NUMBER_VIRTUAL: _("the number of a virtual card, not of your bank card"),
    FieldClass.CARD_LAST4_VIRTUAL: _("the last four digits of a virtual card"),
    FieldClass.CARD_EXPIRY_VIRTUAL: _("the expiry date of a virtual card"),
    FieldClass.CARD_CVC_VIRTUAL: _("the security code of a virtual card"),
    FieldClass.CARD_NUMBER_BANK: _("the number of your bank card"),
    FieldClass.BANK_ACCOUNT: _("your bank account"),
    FieldClass.IDENTITY_NAME: _("your name"),
    FieldClass.IDENTITY_EMAIL: _("your e-mail address"),
    FieldClass.IDENTITY_DOCUMENT: _("your identity document"),
    FieldClass.CONTACT_ALIAS: _("the alias that you chose"),
    FieldClass.DEVICE_ADDRESS: _("the network address of your device"),
    FieldClass.PURCHASE_MERCHANT: _("at which shop or platform you paid"),
    FieldClass.CARD_LABEL: _("what you call a card"),
    FieldClass.MESSAGE_TEXT: _("the text of a message"),
    FieldClass.MESSAGE_FINDING: _("what the detector found in a message"),
    FieldClass.BALANCE: _("how much you have"),
}

PURPOSE_LABELS: Final[dict[Purpose, Promise]] = {
    Purpose.PAYMENT: _("to carry out a payment in chat"),
    Purpose.LINKING: _("to link your wallet to this platform"),
    Purpose.CARD_PAYMENT: _("to answer a payment with your card"),
    Purpose.CARD_REVEAL: _("to show you your own card"),
    Purpose.TOP_UP: _("to top up your wallet"),
    Purpose.WITHDRAWAL: _("to pay money out to you"),
    Purpose.DETECTION: _("to find payment talk in messages"),
    Purpose.SECURITY: _("to protect your wallet"),
    Purpose.SUPPORT: _("to help you"),
    Purpose.LEGAL_DUTY: _("because the law demands it"),
}

BASIS_LABELS: Final[dict[Basis, Promise]] = {
    Basis.CONSENT: _("your consent"),
    Basis.CONTRACT: _("something you did yourself"),
    Basis.LEGAL_OBLIGATION: _("a legal obligation"),
    Basis.LEGITIMATE_INTEREST: _("a legitimate interest"),
}

CHANNEL_LABELS: Final[dict[Channel, Promise]] = {
    Channel.API: _("answer to the platform"),
    Channel.WEBHOOK: _("message to the platform's server"),
    Channel.NETWORK: _("answer to the card network"),
    Channel.GATEWAY: _("request to the payment provider"),
    Channel.PAGE: _("page in your browser"),
    Channel.CHAT: _("message in the chat"),
    Channel.EMAIL: _("e-mail"),
}
