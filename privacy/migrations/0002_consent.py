"""Consents: read by the application role, written through their functions."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

from wallet.core.ids import IdField
from wallet.core.migrations import grant_execute, protect_table, sql
from wallet.core.models import DatabaseNow


class Migration(migrations.Migration):
    dependencies = [("privacy", "0001_keys")]

    operations = [
        migrations.CreateModel(
            name="Consent",
            fields=[
                ("id", IdField(prefix="cns", primary_key=True, serialize=False)),
                ("holder_id", models.TextField()),
                ("recipient_id", models.TextField()),
                ("version", models.IntegerField()),
                ("classes", ArrayField(base_field=models.TextField(), size=None)),
                ("document_sealed", models.BinaryField()),
                ("receipt_sealed", models.BinaryField()),
                ("given_at", models.DateTimeField(db_default=DatabaseNow())),
                ("ends_at", models.DateTimeField(null=True)),
                ("withdrawn_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at", None)),
                        fields=("holder_id", "recipient_id"),
                        name="consent_one_live",
                    ),
                    models.UniqueConstraint(
                        fields=("holder_id", "recipient_id", "version"), name="consent_version_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("holder_id", ""), _negated=True), models.Q(("recipient_id", ""), _negated=True)
                        ),
                        name="consent_has_parties",
                    ),
                ],
            },
        ),
        protect_table("privacy_consent"),
        sql("privacy/consent/sql/consents.sql"),
        # Not consent_covers: only the gate's own function asks it, and holds the lock.
        grant_execute(
            "consent_next_version(text, text)",
            "consent_give(jsonb)",
            "consent_withdraw(text, text)",
        ),
    ]
