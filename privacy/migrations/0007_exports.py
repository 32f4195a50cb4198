"""Exports: everything about one person in one sealed document, for a week."""

from django.db import migrations, models

from wallet.core.ids import IdField
from wallet.core.models import DatabaseNow


class Migration(migrations.Migration):
    dependencies = [
        ("privacy", "0006_sealed_log"),
    ]

    operations = [
        migrations.CreateModel(
            name="Export",
            fields=[
                ("id", IdField(prefix="exp", primary_key=True, serialize=False)),
                ("holder_id", models.TextField()),
                ("status", models.TextField(default="pending")),
                ("written", models.IntegerField(default=0)),
                ("kinds", models.IntegerField(default=0)),
                ("records", models.IntegerField(default=0)),
                ("bytes", models.BigIntegerField(default=0)),
                ("document_sealed", models.BinaryField(null=True)),
                ("requested_at", models.DateTimeField(db_default=DatabaseNow())),
                ("ready_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["holder_id", "-requested_at"], name="export_of_holder"),
                    models.Index(
                        condition=models.Q(("status", "ready")), fields=["expires_at"], name="export_expiring"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["pending", "ready", "expired"])), name="export_status"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "pending")), fields=("holder_id",), name="export_one_pending"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("document_sealed__isnull", False), ("expires_at__isnull", False), ("status", "ready")
                            ),
                            models.Q(models.Q(("status", "ready"), _negated=True), ("document_sealed", None)),
                            _connector="OR",
                        ),
                        name="export_ready_has_document",
                    ),
                ],
            },
        ),
    ]
