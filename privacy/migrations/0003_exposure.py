"""The exposure log: read by the application role, written through its functions."""

import django.db.models.deletion
from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

from privacy.exposure.models import CurrentTransaction, SequenceField, TransactionIdField
from wallet.core.ids import IdField
from wallet.core.migrations import grant_execute, protect_table, sql
from wallet.core.models import DatabaseNow


def _recipient() -> models.ForeignKey:
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="privacy.recipient",
    )


class Migration(migrations.Migration):
    dependencies = [("privacy", "0002_consent")]

    operations = [
        migrations.CreateModel(
            name="Recipient",
            fields=[
                ("id", IdField(prefix="rcp", primary_key=True, serialize=False)),
                ("kind", models.TextField()),
                ("ref", models.TextField()),
                ("name", models.TextField()),
                ("created_at", models.DateTimeField(db_default=DatabaseNow())),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("kind", "ref"), name="recipient_once")],
            },
        ),
        migrations.CreateModel(
            name="Disclosure",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("schema", models.TextField()),
                ("purpose", models.TextField()),
                ("basis", models.TextField()),
                ("channel", models.TextField()),
                ("digest", models.BinaryField(max_length=32)),
                ("request_id", models.TextField(default="")),
                ("at", models.DateTimeField(db_default=DatabaseNow())),
                ("recipient", _recipient()),
            ],
        ),
        migrations.CreateModel(
            name="Exposure",
            fields=[
                ("id", IdField(prefix="xpo", primary_key=True, serialize=False)),
                ("seq", SequenceField(editable=False, unique=True)),
                ("xid", TransactionIdField(db_default=CurrentTransaction(), editable=False)),
                ("holder_id", models.TextField()),
                ("fields", ArrayField(base_field=models.TextField(), size=None)),
                ("at", models.DateTimeField(db_default=DatabaseNow())),
                ("record_sealed", models.BinaryField()),
                ("body_sealed", models.BinaryField()),
                ("counter_sealed", models.BinaryField(null=True)),
                ("previous_sealed", models.BinaryField(null=True)),
                ("leaf", models.BinaryField(null=True)),
                ("leaf_index", models.BigIntegerField(null=True)),
                (
                    "disclosure",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="exposures",
                        to="privacy.disclosure",
                    ),
                ),
                ("recipient", _recipient()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["holder_id", "-at", "-id"], name="exposure_of_holder"),
                    models.Index(
                        condition=models.Q(("leaf_index", None)), fields=["xid", "seq"], name="exposure_unsealed"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("disclosure", "holder_id"), name="exposure_once_a_person"),
                    models.UniqueConstraint(
                        condition=models.Q(("leaf_index__isnull", False)),
                        fields=("leaf_index",),
                        name="exposure_leaf_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("holder_id", ""), _negated=True), name="exposure_has_holder"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Count",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("schema", models.TextField()),
                ("channel", models.TextField()),
                ("day", models.DateField()),
                ("shard", models.SmallIntegerField()),
                ("count", models.BigIntegerField()),
                ("recipient", _recipient()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("recipient", "schema", "channel", "day", "shard"), name="count_once"
                    )
                ],
            },
        ),
        protect_table("privacy_recipient", "privacy_disclosure", "privacy_exposure", "privacy_count"),
        sql("privacy/exposure/sql/exposures.sql"),
        grant_execute(
            "exposure_register_recipient(text, text, text, text)",
            "exposure_count(text, text, text)",
            "exposure_disclose(jsonb)",
        ),
    ]
