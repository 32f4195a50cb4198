import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import privacy.crypto.fields
import wallet.core.ids
import wallet.core.models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0008_refunds"),
    ]

    operations = [
        migrations.CreateModel(
            name="Checkout",
            fields=[
                ("id", wallet.core.ids.IdField(prefix="chk", primary_key=True, serialize=False)),
                ("status", models.TextField(default="open")),
                ("payee_id", models.TextField(db_index=True)),
                ("total_minor", models.BigIntegerField()),
                ("tip_minor", models.BigIntegerField(default=0)),
                ("max_tip_minor", models.BigIntegerField(default=0)),
                ("suggested_tips_minor", models.JSONField(default=list)),
                ("currency", models.TextField()),
                ("return_url", models.TextField(default="")),
                (
                    "platform",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="paymentrequest",
            name="checkout",
            field=models.OneToOneField(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="request", to="payments.checkout"
            ),
        ),
        migrations.CreateModel(
            name="CheckoutItems",
            fields=[
                ("enc_version", models.BigIntegerField(default=1, editable=False)),
                ("id", models.TextField(primary_key=True, serialize=False)),
                ("role", models.TextField()),
                ("holder_id", models.TextField(db_index=True)),
                ("items", privacy.crypto.fields.EncryptedJSONField(keys="life")),
                ("created_at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
                (
                    "checkout",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="copies", to="payments.checkout"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="checkout",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["open", "paid", "canceled", "expired"])), name="checkout_status"
            ),
        ),
        migrations.AddConstraint(
            model_name="checkout",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("total_minor__gt", 0), ("tip_minor__gte", 0), ("tip_minor__lte", models.F("max_tip_minor"))
                ),
                name="checkout_tip_within_limit",
            ),
        ),
        migrations.AddConstraint(
            model_name="checkoutitems",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ["payee", "payer"])), name="checkout_items_role"
            ),
        ),
    ]
