import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import wallet.core.models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0009_checkouts"),
    ]

    operations = [
        migrations.CreateModel(
            name="Developer",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("holder_id", models.TextField()),
                ("created_at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
                (
                    "platform",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("holder_id", "platform"), name="one_developer")],
            },
        ),
    ]
