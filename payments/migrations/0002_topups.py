import django.db.models.expressions
from django.db import migrations, models

import wallet.core.ids
import wallet.core.models


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_platforms")]

    operations = [
        migrations.CreateModel(
            name="TopUp",
            fields=[
                ("id", wallet.core.ids.IdField(prefix="top", primary_key=True, serialize=False)),
                ("holder_id", models.TextField()),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("card_id", models.TextField(blank=True, default="")),
                ("status", models.TextField(default="created")),
                ("gateway", models.TextField()),
                ("session_ref", models.TextField(blank=True, default="")),
                ("payment_ref", models.TextField(blank=True, default="")),
                ("hosted_url", models.TextField(blank=True, default="")),
                ("failure", models.TextField(blank=True, default="")),
                ("refunded_minor", models.BigIntegerField(default=0)),
                ("disputed_minor", models.BigIntegerField(default=0)),
                ("created_at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
                ("succeeded_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["holder_id", "-created_at"], name="top_up_of_holder"),
                    models.Index(
                        condition=models.Q(("status", "pending")), fields=["created_at"], name="top_up_pending"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                ["created", "pending", "succeeded", "failed", "expired", "refunded", "disputed"],
                            )
                        ),
                        name="top_up_status",
                    ),
                    models.CheckConstraint(condition=models.Q(("amount_minor__gt", 0)), name="top_up_amount_positive"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("disputed_minor__gte", 0),
                            ("refunded_minor__gte", 0),
                            (
                                "amount_minor__gte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("refunded_minor"), "+", models.F("disputed_minor")
                                ),
                            ),
                        ),
                        name="top_up_lot_is_a_cap",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("session_ref", ""), _negated=True),
                        fields=("gateway", "session_ref"),
                        name="top_up_session_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("payment_ref", ""), _negated=True),
                        fields=("gateway", "payment_ref"),
                        name="top_up_payment_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="GatewayEvent",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("gateway", models.TextField()),
                ("event_id", models.TextField()),
                ("type", models.TextField()),
                ("object_ref", models.TextField()),
                ("digest", models.BinaryField(max_length=32)),
                ("received_at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("gateway", "event_id"), name="gateway_event_once")],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="SandboxCheckout",
            fields=[
                ("reference", models.TextField(primary_key=True, serialize=False)),
                ("session_ref", models.TextField(unique=True)),
                ("amount_minor", models.BigIntegerField(null=True)),
                ("currency", models.CharField(blank=True, default="", max_length=3)),
                ("return_url", models.TextField(blank=True, default="")),
                ("status", models.TextField(default="open")),
                ("settles_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["open", "challenge", "processing", "paid", "declined", "expired"])
                        ),
                        name="sandbox_checkout_status",
                    )
                ],
                "indexes": [],
            },
        ),
    ]
