import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import privacy.crypto.fields
import wallet.core.ids
import wallet.core.models


class Migration(migrations.Migration):
    dependencies = [("payments", "0003_requests")]

    operations = [
        migrations.CreateModel(
            name="Endpoint",
            fields=[
                ("enc_version", models.BigIntegerField(default=1, editable=False)),
                ("id", wallet.core.ids.IdField(prefix="whe", primary_key=True, serialize=False)),
                ("url", models.TextField()),
                ("events", models.JSONField(default=list)),
                ("status", models.TextField(default="enabled")),
                ("secret", privacy.crypto.fields.EncryptedTextField(keys="life")),
                ("previous_secret", privacy.crypto.fields.EncryptedTextField(default="", keys="life")),
                ("previous_until", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
                (
                    "platform",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["enabled", "disabled"])), name="endpoint_status"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("id", wallet.core.ids.IdField(prefix="evt", primary_key=True, serialize=False)),
                ("entry_id", models.BigIntegerField(unique=True)),
                ("type", models.TextField()),
                ("object_id", models.TextField()),
                ("payee_link", models.TextField(db_index=True, default="")),
                ("payer_link", models.TextField(db_index=True, default="")),
                ("canceled", models.JSONField(null=True)),
                ("at", models.DateTimeField()),
                (
                    "platform",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", wallet.core.ids.IdField(prefix="del", primary_key=True, serialize=False)),
                ("status", models.TextField(default="pending")),
                ("attempts", models.IntegerField(default=0)),
                ("last_status", models.IntegerField(null=True)),
                ("last_error", models.TextField(default="")),
                ("created_at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "endpoint",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to="payments.endpoint"),
                ),
                ("event", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="payments.event")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["pending", "delivered", "dead", "dropped"])),
                        name="delivery_status",
                    ),
                    models.UniqueConstraint(fields=("event", "endpoint"), name="one_delivery_an_endpoint"),
                ],
            },
        ),
    ]
