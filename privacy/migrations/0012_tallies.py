"""Counts of who was told what, so that no page counts a hundred thousand exposures anew."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

from wallet.core.migrations import protect_table, sql


class Migration(migrations.Migration):
    dependencies = [("privacy", "0011_witnesses")]

    operations = [
        migrations.CreateModel(
            name="Tally",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("holder_id", models.TextField()),
                ("recipient_id", models.TextField()),
                ("fields", ArrayField(models.TextField())),
                ("count", models.BigIntegerField()),
                ("last_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("holder_id", "recipient_id", "fields"), name="tally_once")
                ],
            },
        ),
        migrations.AddField("Exposure", "tally_id", models.BigIntegerField(null=True)),
        protect_table("privacy_tally"),
        sql("privacy/exposure/sql/tallies.sql"),
        migrations.AddIndex(
            "Exposure",
            models.Index(
                condition=models.Q(("tally_id__isnull", False)),
                fields=["tally_id", "-at", "-id"],
                name="exposure_of_tally",
            ),
        ),
    ]
