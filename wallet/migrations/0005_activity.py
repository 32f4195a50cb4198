from django.db import migrations, models

import privacy.crypto.fields
import wallet.core.ids
import wallet.core.models


class Migration(migrations.Migration):
    dependencies = [("wallet", "0004_limits")]

    operations = [
        migrations.CreateModel(
            name="Line",
            fields=[
                ("enc_version", models.BigIntegerField(default=1, editable=False)),
                ("id", wallet.core.ids.IdField(prefix="act", primary_key=True, serialize=False)),
                ("holder_id", models.TextField()),
                ("kind", models.TextField()),
                ("direction", models.TextField()),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.TextField()),
                ("status", models.TextField()),
                ("ref", models.TextField()),
                ("reason", models.TextField(default="")),
                ("next_step", models.TextField(default="")),
                ("merchant", privacy.crypto.fields.EncryptedTextField(default="", keys="life")),
                ("counterparty", privacy.crypto.fields.EncryptedTextField(default="", keys="life")),
                ("at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
            ],
            options={
                "indexes": [
                    models.Index(fields=["holder_id", "-at", "-id"], name="wallet_line_newest"),
                    models.Index(fields=["ref"], name="wallet_line_ref"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("direction__in", ["in", "out", "none"])), name="wallet_line_direction"
                    ),
                    models.CheckConstraint(condition=models.Q(("amount_minor__gte", 0)), name="wallet_line_amount"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("enc_version", models.BigIntegerField(default=1, editable=False)),
                ("id", wallet.core.ids.IdField(prefix="ntc", primary_key=True, serialize=False)),
                ("holder_id", models.TextField()),
                ("kind", models.TextField()),
                ("ref", models.TextField(default="")),
                ("facts", privacy.crypto.fields.EncryptedJSONField(default=dict, keys="life")),
                ("at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
                ("read_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["holder_id", "-at", "-id"], name="wallet_notice_newest"),
                    models.Index(condition=models.Q(("read_at", None)), fields=["ref"], name="wallet_notice_waiting"),
                ],
            },
        ),
    ]
