"""What a holder has allowed whom to learn: the literal document shown, a signed receipt, withdrawal, history.

May import the taxonomy (`privacy.fields`), the floor and the ground. Look here: `consents` (give, withdraw, is_live,
live_classes, history), `receipts` (sign, verify).

Invariants: one live consent for a holder and a recipient; giving again supersedes; nothing is edited or deleted; what
was shown is kept literally, sealed under the holder's key; a disclosure on consent holds a share lock on the row until
it commits, so that after a withdrawal has returned nothing leaves any more.

    consent = consents.give(holder_id=…, recipient_id=recipient.id, document=shown_json,
                            classes=classes_of(PaymentRequestBody, LinkBody) - {FieldClass.PAYMENT_NOTE}, now=now)
    consents.live_classes(holder_id=…, recipient_id=…)    # what a view may put in; null for the others
    consents.withdraw(holder_id=…, recipient_id=…)        # in the transaction that ends the link
"""
