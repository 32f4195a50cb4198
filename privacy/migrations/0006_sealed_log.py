"""The sealed log: places for exposures and statements, the tree's tiles, its head."""

from django.db import migrations, models

from wallet.core.migrations import grant_execute, protect_table, sql
from wallet.core.models import DatabaseNow


class Migration(migrations.Migration):
    dependencies = [("privacy", "0005_erasures")]

    operations = [
        migrations.CreateModel(
            name="LogHead",
            fields=[
                ("id", models.IntegerField(default=1, primary_key=True, serialize=False)),
                ("size", models.BigIntegerField()),
                ("root", models.BinaryField(max_length=32)),
                ("checkpoint", models.TextField(db_default="")),
                ("checkpoint_size", models.BigIntegerField(db_default=0)),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="loghead_one")],
            },
        ),
        migrations.CreateModel(
            name="LogTile",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("level", models.SmallIntegerField()),
                ("n", models.BigIntegerField()),
                ("hashes", models.BinaryField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("level", "n"), name="logtile_once")],
            },
        ),
        migrations.CreateModel(
            name="LogStatement",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.TextField()),
                ("text", models.TextField()),
                ("r", models.BinaryField(null=True)),
                ("at", models.DateTimeField(db_default=DatabaseNow())),
                ("leaf", models.BinaryField(null=True)),
                ("leaf_index", models.BigIntegerField(null=True, unique=True)),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("leaf_index", None)), fields=["id"], name="logstatement_to_seal")
                ],
            },
        ),
        migrations.AddField("Exposure", "is_unsealable", models.BooleanField(db_default=False)),
        migrations.RemoveIndex("Exposure", "exposure_unsealed"),
        migrations.AddIndex(
            "Exposure",
            models.Index(
                condition=models.Q(("is_unsealable", False), ("leaf_index", None)),
                fields=["xid", "seq"],
                name="exposure_to_seal",
            ),
        ),
        migrations.AddIndex(
            "Exposure",
            models.Index(
                condition=models.Q(("leaf_index__isnull", False)),
                fields=["holder_id", "-leaf_index"],
                name="exposure_chain",
            ),
        ),
        protect_table("privacy_loghead", "privacy_logtile", "privacy_logstatement"),
        sql("privacy/exposure/sql/sealing.sql"),
        grant_execute(
            "exposure_seal(bigint, bytea, bigint[], bytea[], text[], bytea[], bytea[], bytea[], smallint[], bigint[], bytea[])",
            "exposure_lay_aside(text[])",
            "exposure_renumber()",
            "exposure_state(text, text, bytea)",
            "exposure_publish(bigint, text)",
        ),
    ]
