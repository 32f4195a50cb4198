"""Consent receipts: signed JSON, given to the holder (see `signing`)."""

from typing import Final

from privacy.consent.signing import DocumentInvalid, Signer

__all__ = ["RECEIPTS", "ReceiptInvalid", "sign", "verify"]

RECEIPTS: Final = Signer("receipt", "consent", "receipt", "ed25519", context=b"paravent/consent-receipt/v1\0")
ReceiptInvalid = DocumentInvalid
sign = RECEIPTS.sign
verify = RECEIPTS.verify
