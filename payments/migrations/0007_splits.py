import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import wallet.core.ids
import wallet.core.models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0006_stripe"),
    ]

    operations = [
        migrations.AddField(
            model_name="paymentrequest",
            name="held_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="paymentrequest",
            name="held_card",
            field=models.TextField(default=""),
        ),
        migrations.AddField(
            model_name="paymentrequest",
            name="hold",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="paymentrequest",
            name="position",
            field=models.IntegerField(default=0),
        ),
        migrations.CreateModel(
            name="Split",
            fields=[
                ("id", wallet.core.ids.IdField(prefix="split", primary_key=True, serialize=False)),
                ("status", models.TextField(default="open")),
                ("payee_id", models.TextField(db_index=True)),
                ("total_minor", models.BigIntegerField()),
                ("currency", models.TextField()),
                ("own_minor", models.BigIntegerField(default=0)),
                ("own_position", models.IntegerField(null=True)),
                ("all_or_nothing", models.BooleanField(default=False)),
                ("reference", models.TextField(null=True)),
                ("created_at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
                ("expires_at", models.DateTimeField()),
                (
                    "payee_link",
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
            ],
        ),
        migrations.AddField(
            model_name="paymentrequest",
            name="split",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="requests", to="payments.split"
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "held"), _negated=True),
                    models.Q(
                        ("held_at__isnull", False),
                        ("hold__isnull", False),
                        ("split__isnull", False),
                        models.Q(("paid_by", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="request_held_for_somebody",
            ),
        ),
        migrations.AddIndex(
            model_name="split",
            index=models.Index(condition=models.Q(("status", "open")), fields=["expires_at"], name="split_expiring"),
        ),
        migrations.AddConstraint(
            model_name="split",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["open", "completed", "canceled", "expired"])), name="split_status"
            ),
        ),
        migrations.AddConstraint(
            model_name="split",
            constraint=models.CheckConstraint(
                condition=models.Q(("own_minor__gte", 0), ("own_minor__lt", models.F("total_minor"))),
                name="split_own_share_within_total",
            ),
        ),
    ]
