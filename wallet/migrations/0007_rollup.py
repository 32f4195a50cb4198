from django.db import migrations

from wallet.core.migrations import grant_execute, sql


class Migration(migrations.Migration):
    dependencies = [("wallet", "0006_rotation")]

    operations = [
        sql("wallet/ledger/sql/posting.sql"),
        sql("wallet/ledger/sql/rollup.sql"),
        sql("wallet/ledger/sql/order.sql"),
        sql("wallet/ledger/sql/statements.sql"),
        grant_execute(
            "ledger_roll_up(bigint)",
            "ledger_order_differences()",
            "ledger_statement(bigint, timestamptz, timestamptz)",
        ),
    ]
