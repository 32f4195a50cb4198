import django.contrib.postgres.indexes
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from psycopg import sql as compose

import privacy.crypto.fields
import wallet.core.ids
import wallet.core.models
from wallet.core.migrations import append_only, grant_execute, protect_table, sql

_ROLE = compose.Identifier(settings.APP_ROLE).as_string(None)
_KINDS = [
    ("authorization", "Authorization"),
    ("increment", "Increment"),
    ("reversal", "Reversal"),
    ("capture", "Capture"),
    ("force_post", "Force Post"),
    ("refund", "Refund"),
]


class Migration(migrations.Migration):
    dependencies = [("cards", "0002_issuing")]

    operations = [
        migrations.CreateModel(
            name="Authorization",
            fields=[
                ("enc_version", models.BigIntegerField(default=1, editable=False)),
                ("id", wallet.core.ids.IdField(prefix="auth", primary_key=True, serialize=False)),
                (
                    "card",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="authorizations",
                        to="cards.card",
                    ),
                ),
                ("holder_id", models.TextField()),
                (
                    "status",
                    models.TextField(
                        choices=[
                            ("approved", "Approved"),
                            ("declined", "Declined"),
                            ("captured", "Captured"),
                            ("reversed", "Reversed"),
                            ("expired", "Expired"),
                        ]
                    ),
                ),
                ("currency", models.TextField()),
                ("requested_minor", models.BigIntegerField()),
                ("authorized_minor", models.BigIntegerField(default=0)),
                ("reversed_minor", models.BigIntegerField(default=0)),
                ("captured_minor", models.BigIntegerField(default=0)),
                ("refunded_minor", models.BigIntegerField(default=0)),
                ("held_minor", models.BigIntegerField(default=0)),
                ("hold", models.BigIntegerField(null=True)),
                ("mcc", models.TextField()),
                ("country", models.TextField()),
                ("entry", models.TextField()),
                ("reason", models.TextField(default="")),
                ("response_code", models.TextField()),
                ("merchant", privacy.crypto.fields.EncryptedJSONField(keys="law")),
                ("decided_at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
                ("expires_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["card", "-decided_at"], name="authorization_of_card"),
                    models.Index(
                        condition=models.Q(("status", "approved")), fields=["expires_at"], name="authorization_expiring"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["approved", "declined", "captured", "reversed", "expired"])),
                        name="authorization_status",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("held_minor", 0), models.Q(("held_minor__gt", 0), ("status", "approved")), _connector="OR"
                        ),
                        name="authorization_held_while_approved",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="NetworkMessage",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("network", models.TextField()),
                ("ref", models.TextField()),
                ("kind", models.TextField(choices=_KINDS)),
                ("body_hash", models.BinaryField(max_length=32)),
                ("authorization_id", models.TextField(default="")),
                ("answer", models.JSONField()),
                ("at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.HashIndex(fields=["authorization_id"], name="networkmessage_about")
                ],
                "constraints": [models.UniqueConstraint(fields=("network", "ref", "kind"), name="networkmessage_once")],
            },
        ),
        migrations.CreateModel(
            name="Spending",
            fields=[
                (
                    "card",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="spending",
                        serialize=False,
                        to="cards.card",
                    ),
                ),
                ("day", models.DateField()),
                ("day_minor", models.BigIntegerField()),
                ("month", models.DateField()),
                ("month_minor", models.BigIntegerField()),
                ("lifetime_minor", models.BigIntegerField()),
                ("approvals", models.IntegerField()),
                ("locked_to", models.BinaryField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Mismatch",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("pan_index", models.BinaryField(max_length=32)),
                ("day", models.DateField(db_index=True)),
                ("count", models.IntegerField()),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("pan_index", "day"), name="mismatch_once")]},
        ),
        migrations.CreateModel(
            name="QueuedCase",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("reason", models.TextField()),
                ("network", models.TextField()),
                ("ref", models.TextField()),
                ("kind", models.TextField(choices=_KINDS)),
                ("authorization_id", models.TextField(default="")),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.TextField()),
                ("at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
                ("resolved_at", models.DateTimeField(null=True)),
            ],
        ),
        sql("cards/authorizations/sql/counters.sql"),
        sql("cards/authorizations/sql/place.sql"),
        sql("cards/authorizations/sql/snapshot.sql"),
        grant_execute(
            "cards_spend(text, bigint, bigint, bigint, bigint, boolean, bytea)",
            "cards_unspend(text, bigint, timestamptz)",
            "cards_purge_mismatches()",
            "cards_place_authorization(jsonb, jsonb)",
            "cards_decline_authorization(jsonb, jsonb)",
            "cards_snapshot(bytea, text, text, text)",
        ),
        # Counters only through their functions; a message is never rewritten; a payment is never deleted.
        protect_table("cards_spending", "cards_mismatch"),
        append_only("cards_networkmessage"),
        migrations.RunSQL(
            f"REVOKE DELETE, TRUNCATE ON TABLE cards_authorization, cards_queuedcase FROM {_ROLE}",
            reverse_sql=migrations.RunSQL.noop,
        ),
    ]
