import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import privacy.crypto.fields
import wallet.core.ids
import wallet.core.models


class Migration(migrations.Migration):
    dependencies = [("payments", "0002_topups")]

    operations = [
        migrations.CreateModel(
            name="PaymentRequest",
            fields=[
                ("id", wallet.core.ids.IdField(prefix="preq", primary_key=True, serialize=False)),
                ("status", models.TextField(default="open")),
                ("payee_id", models.TextField(db_index=True)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.TextField()),
                ("refunded_minor", models.BigIntegerField(default=0)),
                ("reference", models.TextField(null=True)),
                ("locale", models.TextField(default="en")),
                ("created_at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
                ("expires_at", models.DateTimeField()),
                ("paid_at", models.DateTimeField(null=True)),
                ("paid_by", models.TextField(default="")),
                (
                    "payee_link",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="asked", to="payments.link"
                    ),
                ),
                (
                    "payer_link",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="asked_of",
                        to="payments.link",
                    ),
                ),
                (
                    "platform",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL
                    ),
                ),
                (
                    "tapped_link",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tapped",
                        to="payments.link",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "open")), fields=["expires_at"], name="request_expiring"
                    ),
                    models.Index(fields=["platform", "-created_at", "-id"], name="request_of_platform"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["open", "held", "paid", "declined", "canceled", "expired"])),
                        name="request_status",
                    ),
                    models.CheckConstraint(condition=models.Q(("amount_minor__gt", 0)), name="request_amount_positive"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("refunded_minor__gte", 0), ("refunded_minor__lte", models.F("amount_minor"))
                        ),
                        name="request_refund_within_amount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("paid_at__isnull", False), ("status", "paid"), models.Q(("paid_by", ""), _negated=True)
                            ),
                            models.Q(("status", "paid"), _negated=True),
                            _connector="OR",
                        ),
                        name="request_paid_by_somebody",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RequestSide",
            fields=[
                ("enc_version", models.BigIntegerField(default=1, editable=False)),
                ("id", models.TextField(primary_key=True, serialize=False)),
                ("role", models.TextField()),
                ("holder_id", models.TextField(db_index=True)),
                ("note", privacy.crypto.fields.EncryptedTextField(default="", keys="life")),
                ("other_alias", privacy.crypto.fields.EncryptedTextField(default="", keys="life")),
                ("created_at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="sides", to="payments.paymentrequest"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["payee", "payer"])), name="request_side_role"
                    )
                ],
            },
        ),
    ]
