import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import wallet.core.ids
import wallet.core.models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0007_splits"),
    ]

    operations = [
        migrations.CreateModel(
            name="Refund",
            fields=[
                ("id", wallet.core.ids.IdField(prefix="ref", primary_key=True, serialize=False)),
                ("payee_id", models.TextField(db_index=True)),
                ("payer_id", models.TextField()),
                ("status", models.TextField(default="pending")),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.TextField()),
                ("created_at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "link",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="payments.link"
                    ),
                ),
                (
                    "platform",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refunds",
                        to="payments.paymentrequest",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["requires_approval", "pending", "succeeded", "failed"])),
                        name="refund_status",
                    ),
                    models.CheckConstraint(condition=models.Q(("amount_minor__gt", 0)), name="refund_amount_positive"),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "requires_approval")),
                        fields=("request",),
                        name="one_refund_waits_for_approval",
                    ),
                ],
            },
        ),
    ]
