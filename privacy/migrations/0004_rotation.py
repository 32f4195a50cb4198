"""Rotation: which state it is in, and what it may do to the key tables."""

from django.db import migrations, models
from django.db.models.functions import Now

from wallet.core.migrations import grant_execute, protect_table, sql


class Migration(migrations.Migration):
    dependencies = [("privacy", "0003_exposure")]

    operations = [
        migrations.CreateModel(
            name="KeyRotation",
            fields=[
                ("id", models.IntegerField(primary_key=True, serialize=False)),
                ("epoch", models.BigIntegerField()),
                ("stage", models.TextField()),
                ("index_version", models.IntegerField()),
                ("index_next", models.IntegerField(null=True)),
                ("branch_target", models.UUIDField(null=True)),
                ("data_since", models.DateTimeField(null=True)),
                ("data_holder", models.TextField(db_default="")),
                ("changed_at", models.DateTimeField(db_default=Now())),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="privacy_keyrotation_one"),
                ],
            },
        ),
        migrations.AddField("BranchKey", "wrapped_at", models.DateTimeField(db_default=Now())),
        migrations.AddField("RootKey", "wrapped_at", models.DateTimeField(db_default=Now())),
        sql("privacy/crypto/sql/rotation.sql"),
        protect_table("privacy_keyrotation"),
        sql("privacy/exposure/sql/reseal.sql"),
        sql("privacy/consent/sql/reseal.sql"),
        grant_execute(
            "keys_announce(bigint, uuid, timestamptz, text)",
            "keys_turn_index(bigint, text, integer)",
            "keys_add_version(uuid, text, integer, timestamptz, text, bytea)",
            "keys_rewrap_branch(uuid, bytea, text, bytea)",
            "keys_rewrap_root(uuid, bytea, text, bytea)",
            "keys_add_data_versions(uuid[], text[], text[], integer[], uuid, bytea[])",
            "keys_rewrap_data(uuid[], bytea[], uuid, bytea[])",
            "keys_retire_branches(uuid)",
            "keys_retire_data(uuid[])",
            "exposure_reseal(text, text[], bytea[], bytea[])",
            "consent_reseal(text, text[], bytea[], bytea[])",
        ),
    ]
