"""What a rotation of keys must reach stands in tables of its own."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import privacy.crypto.fields
import wallet.core.models


class Migration(migrations.Migration):
    dependencies = [("wallet", "0005_activity")]

    operations = [
        migrations.AlterField("IdempotencyKey", "body_hash", models.BinaryField(max_length=34)),
        migrations.CreateModel(
            name="ShownCodes",
            fields=[
                ("enc_version", models.BigIntegerField(default=1, editable=False)),
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("codes", privacy.crypto.fields.EncryptedJSONField(keys="life")),
                ("made_at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
                (
                    "holder",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={"abstract": False},
        ),
    ]
