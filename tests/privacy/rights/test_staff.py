"""No list of the console speaks of a person: the inventory says which columns do (looks: tests/wallet/console)."""

from privacy.fields import FieldClass
from privacy.rights import inventory
from privacy.rights.classes import SEALED_ALWAYS, KeptClass
from wallet.core.console import console

#: In clear in a table for the service's own work, and for no list of the console all the same.
_SPEAKS = SEALED_ALWAYS | {
    FieldClass.CARD_LAST4_VIRTUAL, FieldClass.PAYMENT_REFERENCE, KeptClass.ACCOUNT_NAME, KeptClass.ACCOUNT_CREDENTIAL,
    KeptClass.ACCOUNT_DEVICE, KeptClass.CONSENT_GIVEN, KeptClass.EXPORT_DOCUMENT,
}  # fmt: skip


def test_no_column_of_the_console_speaks_of_a_person() -> None:
    """Break: add `last4` to `CardPage.list_display`."""
    tables = {table.model: table for table in inventory.tables()}
    found = []
    for model, page in console._registry.items():
        shown = {str(one) for one in (*page.list_display, *(page.fields or ()))}
        found += [
            f"{table.name}.{one.name}"
            for table in [tables[model]]
            for one in table.columns
            if one.name in shown and (one.data_class in _SPEAKS or one.key in {"life", "law"})
        ]
    assert found == []
