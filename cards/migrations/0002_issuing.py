import django.db.models.deletion
from django.db import migrations, models

import privacy.crypto.fields
import wallet.core.ids
import wallet.core.models
from wallet.core.migrations import grant_execute, sql


class Migration(migrations.Migration):
    dependencies = [("cards", "0001_vault")]

    operations = [
        migrations.CreateModel(
            name="Card",
            fields=[
                ("enc_version", models.BigIntegerField(default=1, editable=False)),
                ("id", wallet.core.ids.IdField(prefix="card", primary_key=True, serialize=False)),
                ("holder_id", models.TextField(db_index=True)),
                (
                    "kind",
                    models.TextField(
                        choices=[
                            ("standard", "Standard"),
                            ("single_use", "Single Use"),
                            ("merchant_locked", "Merchant Locked"),
                            ("platform", "Platform"),
                        ]
                    ),
                ),
                ("currency", models.TextField()),
                ("label", privacy.crypto.fields.EncryptedTextField(keys="life", max_length=60)),
                (
                    "status",
                    models.TextField(
                        choices=[("active", "Active"), ("frozen", "Frozen"), ("closed", "Closed")], default="active"
                    ),
                ),
                ("state_version", models.BigIntegerField(default=1)),
                ("link", models.TextField(db_index=True, null=True)),
                ("controls", models.JSONField(default=dict)),
                ("last4", models.TextField()),
                ("expiry", models.TextField()),
                ("created_at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
                ("closed_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["active", "frozen", "closed"])), name="card_status"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["standard", "single_use", "merchant_locked", "platform"])),
                        name="card_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "platform"), ("link__isnull", False)),
                            models.Q(models.Q(("kind", "platform"), _negated=True), ("link", None)),
                            _connector="OR",
                        ),
                        name="card_link_of_platform",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Reveal",
            fields=[
                ("enc_version", models.BigIntegerField(default=1, editable=False)),
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "card",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="reveals", to="cards.card"
                    ),
                ),
                ("holder_id", models.TextField()),
                ("meant_for", privacy.crypto.fields.EncryptedTextField(keys="life", max_length=60)),
                ("at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
            ],
            options={"indexes": [models.Index(fields=["card", "-at"], name="reveal_of_card")]},
        ),
        sql("cards/issuing/sql/cards.sql"),
        grant_execute("issuing_card(text)", "issuing_lock(text)"),
    ]
