"""Drop the hold that only the old placing opened."""

from django.db import migrations

from wallet.core.migrations import sql


class Migration(migrations.Migration):
    dependencies = [("wallet", "0011_short_path")]

    operations = [sql("wallet/ledger/sql/one_hold.sql")]
