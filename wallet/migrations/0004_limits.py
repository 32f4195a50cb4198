from django.db import migrations, models

import wallet.core.models
from wallet.core.migrations import grant_execute, protect_table, sql


class Migration(migrations.Migration):
    dependencies = [("wallet", "0003_ledger")]

    operations = [
        migrations.CreateModel(
            name="TierOf",
            fields=[
                ("holder_id", models.TextField(primary_key=True, serialize=False)),
                ("tier", models.TextField()),
                ("since", models.DateTimeField()),
            ],
            options={
                "db_table": "wallet_tier",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("tier__in", ["anonymous", "verified"])), name="wallet_tier_known"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Usage",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("holder_id", models.TextField()),
                ("name", models.TextField()),
                ("period", models.TextField()),
                ("currency", models.TextField()),
                ("starts_on", models.DateField()),
                ("used", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("holder_id", "name", "currency", "period", "starts_on"), name="wallet_usage_once"
                    ),
                    models.CheckConstraint(condition=models.Q(("used__gte", 0)), name="wallet_usage_not_negative"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Parking",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("holder_id", models.TextField()),
                ("currency", models.TextField()),
                ("left", models.BigIntegerField()),
                ("source_kind", models.TextField()),
                ("source_owner", models.TextField()),
                ("source_holder", models.TextField()),
                ("ref", models.TextField()),
                ("key", models.TextField(unique=True)),
                ("at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
                ("due_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("left__gt", 0)), fields=["due_at"], name="wallet_parking_waiting"),
                    models.Index(
                        condition=models.Q(("left__gt", 0)), fields=["holder_id"], name="wallet_parking_of_holder"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("left__gte", 0)), name="wallet_parking_left")
                ],
            },
        ),
        sql("wallet/limits/sql/windows.sql"),
        sql("wallet/limits/sql/receiving.sql"),
        protect_table("wallet_usage", "wallet_parking"),
        grant_execute(
            "limits_consume(text, text, text, bigint, bigint, bigint, bigint, timestamptz)",
            "limits_give_back(text, text, text, bigint, timestamptz)",
            "limits_used(text, text, text, timestamptz)",
            "limits_tier(text)",
            "limits_sort(bigint, text, text, bigint, bigint, text, text, text, text, text, timestamptz)",
            "limits_receive(text, text, text, text, bigint, bigint, text, text, text, text, text, text, timestamptz)",
            "limits_take_in(text, text, bigint)",
            "limits_send_back(bigint)",
        ),
    ]
