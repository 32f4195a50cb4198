"""What outside witnesses have signed of the log."""

from django.db import migrations, models

from wallet.core.migrations import grant_execute, protect_table, sql


class Migration(migrations.Migration):
    dependencies = [("privacy", "0010_disclose_one")]

    operations = [
        migrations.CreateModel(
            name="LogWitness",
            fields=[
                ("key", models.TextField(primary_key=True, serialize=False)),
                ("size", models.BigIntegerField(db_default=0)),
                ("note", models.TextField(db_default="")),
                ("seen_at", models.DateTimeField(null=True)),
                ("failure", models.TextField(db_default="")),
                ("failed_at", models.DateTimeField(null=True)),
            ],
        ),
        protect_table("privacy_logwitness"),
        sql("privacy/exposure/sql/witnesses.sql"),
        grant_execute(
            "exposure_witnessed(text, bigint, text, timestamptz)",
            "exposure_unwitnessed(text, text)",
        ),
    ]
