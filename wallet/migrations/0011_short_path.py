"""Inner steps for functions that write a lot in one call."""

from django.db import migrations

from wallet.core.migrations import sql


class Migration(migrations.Migration):
    dependencies = [("wallet", "0010_monitoring")]

    operations = [
        sql("wallet/core/sql/promises.sql"),
        sql("wallet/users/sql/freeze_lookups.sql"),
        sql("wallet/ledger/sql/holding.sql"),
        sql("wallet/limits/sql/using.sql"),
    ]
