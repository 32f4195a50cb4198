from django.db import migrations, models

import wallet.core.models
import wallet.ledger.models
from wallet.core.migrations import grant_execute, protect_table, sql


class Migration(migrations.Migration):
    dependencies = [("wallet", "0002_people")]

    operations = [
        # The tables are written by hand: CHECK constraints, xid8, identity columns and storage are what they are about.
        migrations.SeparateDatabaseAndState(
            database_operations=[
                sql("wallet/ledger/sql/tables.sql"),
                sql("wallet/ledger/sql/balances.sql"),
                sql("wallet/ledger/sql/transfers.sql"),
                sql("wallet/ledger/sql/verify.sql"),
                protect_table("wallet_account", "wallet_transfer", "wallet_hold"),
                grant_execute(
                    "ledger_find_account(text, text, text)",
                    "ledger_open_account(text, text, text, text)",
                    "ledger_close_account(bigint)",
                    "ledger_lock_hold(bigint)",
                    "ledger_apply(text, text, bigint, bigint, bigint, text, text, bigint, timestamptz)",
                    "ledger_open_hold(text, text, text, text, text, bigint, text, text, timestamptz)",
                    "ledger_post(jsonb)",
                    "ledger_expire_holds(text, int)",
                    "ledger_balance(bigint)",
                    "ledger_stored(text, text)",
                    "ledger_available(bigint)",
                    "ledger_free(text, text, text)",
                    "ledger_transferred(text)",
                    "ledger_differences()",
                ),
            ],
            state_operations=[
                migrations.CreateModel(
                    name="Account",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("kind", models.TextField()),
                        ("owner", models.TextField()),
                        ("holder_id", models.TextField()),
                        ("currency", models.TextField()),
                        ("debits_posted", models.BigIntegerField()),
                        ("credits_posted", models.BigIntegerField()),
                        ("debits_pending", models.BigIntegerField()),
                        ("credits_pending", models.BigIntegerField()),
                        ("is_derived", models.BooleanField()),
                        ("rolled_to_xid", wallet.ledger.models.TransactionIdField()),
                        ("rolled_to_id", models.BigIntegerField()),
                        ("opened_at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
                        ("closed_at", models.DateTimeField(null=True)),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("kind", "owner", "currency"), name="wallet_account_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Hold",
                    fields=[
                        ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                        ("debit_account", models.BigIntegerField()),
                        ("credit_account", models.BigIntegerField()),
                        ("remaining", models.BigIntegerField()),
                        ("code", models.TextField()),
                        ("expires_at", models.DateTimeField(null=True)),
                        ("closed_at", models.DateTimeField(null=True)),
                    ],
                ),
                migrations.CreateModel(
                    name="Transfer",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("xid", wallet.ledger.models.TransactionIdField()),
                        ("key", models.TextField(unique=True)),
                        ("op", models.TextField()),
                        ("debit_account", models.BigIntegerField()),
                        ("credit_account", models.BigIntegerField()),
                        ("amount", models.BigIntegerField()),
                        ("currency", models.TextField()),
                        ("hold_id", models.BigIntegerField(null=True)),
                        ("code", models.TextField()),
                        ("ref", models.TextField()),
                        ("at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
                        ("expires_at", models.DateTimeField(null=True)),
                    ],
                ),
            ],
        ),
    ]
