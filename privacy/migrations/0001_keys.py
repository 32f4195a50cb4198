"""The key tables: read by the application role, written through their functions."""

from django.db import migrations, models
from django.db.models.functions import Now

from wallet.core.migrations import grant_execute, protect_table, sql


class Migration(migrations.Migration):
    initial = True
    dependencies = [("wallet", "0001_floor")]

    operations = [
        migrations.CreateModel(
            name="BranchKey",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("active_from", models.DateTimeField(unique=True)),
                ("kek", models.TextField()),
                ("wrapped", models.BinaryField()),
                ("created_at", models.DateTimeField(db_default=Now())),
                ("retired_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="KeyErasure",
            fields=[
                ("seq", models.BigIntegerField(primary_key=True, serialize=False)),
                ("holder_id", models.TextField()),
                ("key_class", models.TextField()),
                ("destroyed_at", models.DateTimeField(db_default=Now())),
            ],
        ),
        migrations.CreateModel(
            name="DataKey",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("holder_id", models.TextField()),
                ("key_class", models.TextField()),
                ("version", models.IntegerField()),
                ("branch_id", models.UUIDField(null=True)),
                ("wrapped", models.BinaryField(null=True)),
                ("messages", models.BigIntegerField(db_default=0)),
                ("created_at", models.DateTimeField(db_default=Now())),
                ("retired_at", models.DateTimeField(null=True)),
                ("destroyed_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["branch_id"], name="privacy_datakey_branch")],
                "constraints": [
                    models.UniqueConstraint(fields=("holder_id", "key_class", "version"), name="privacy_datakey_once"),
                    models.CheckConstraint(
                        condition=models.Q(key_class__in=["life", "law"]) & ~models.Q(holder_id="")
                        | models.Q(key_class="service", holder_id=""),
                        name="privacy_datakey_class",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            destroyed_at__isnull=True,
                            retired_at__isnull=True,
                            wrapped__isnull=False,
                            branch_id__isnull=False,
                        )
                        | models.Q(wrapped__isnull=True)
                        & (models.Q(destroyed_at__isnull=False) | models.Q(retired_at__isnull=False)),
                        name="privacy_datakey_tombstone",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RootKey",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("purpose", models.TextField()),
                ("version", models.IntegerField()),
                ("active_from", models.DateTimeField(db_default=Now())),
                ("kek", models.TextField()),
                ("wrapped", models.BinaryField()),
                ("created_at", models.DateTimeField(db_default=Now())),
                ("retired_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("purpose", "version"), name="privacy_rootkey_once")],
            },
        ),
        sql("privacy/crypto/sql/keys.sql"),
        protect_table("privacy_branchkey", "privacy_rootkey", "privacy_datakey", "privacy_keyerasure"),
        grant_execute(
            "keys_add_branch(uuid, timestamptz, text, bytea)",
            "keys_add_root(uuid, text, integer, text, bytea)",
            "keys_add_data(uuid, text, text, integer, uuid, bytea)",
            "keys_count_messages(uuid, bigint)",
            "keys_destroy(text, text)",
        ),
    ]
