from django.db import migrations, models

import wallet.core.ids
import wallet.core.models
from wallet.core.migrations import append_only, grant_application_role, grant_execute, protect_table, sql


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        grant_application_role(),
        sql("wallet/core/sql/clock.sql"),
        grant_execute("core_now()"),
        protect_table("core_clock"),
        migrations.CreateModel(
            name="IdempotencyKey",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("scope", models.BinaryField(max_length=32, unique=True)),
                ("holder_id", models.TextField(db_index=True, default="")),
                ("body_hash", models.BinaryField(max_length=32)),
                ("answer", models.BinaryField()),
                ("created_at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow(), db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="StateChange",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("machine", models.TextField()),
                ("subject", models.TextField(db_index=True)),
                ("event", models.TextField()),
                ("before", models.TextField()),
                ("after", models.TextField()),
                ("actor_kind", models.TextField()),
                ("actor_id", models.TextField()),
                ("at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
            ],
        ),
        migrations.CreateModel(
            name="Holder",
            fields=[
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                ("id", wallet.core.ids.IdField(prefix="holder", primary_key=True, serialize=False)),
                ("username", models.TextField(null=True, unique=True)),
                ("is_active", models.BooleanField(default=True)),
                ("is_staff", models.BooleanField(default=False)),
                ("language", models.TextField(default="en")),
                ("created_at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="OutboxEntry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("topic", models.TextField()),
                ("ref", models.TextField()),
                ("payload", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
                ("due_at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
                ("attempts", models.IntegerField(default=0)),
                ("last_error", models.TextField(default="")),
                ("done_at", models.DateTimeField(null=True)),
                ("dead_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("dead_at", None), ("done_at", None)),
                        fields=["due_at"],
                        name="outbox_waiting",
                    )
                ],
            },
        ),
        append_only("wallet_statechange"),
        sql("wallet/core/sql/outbox.sql"),
        grant_execute("core_enqueue(text, text, jsonb)"),
    ]
