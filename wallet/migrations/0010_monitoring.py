"""The queue of what is unusual."""

import django.contrib.postgres.indexes
from django.conf import settings
from django.db import migrations, models
from psycopg import sql as compose

import wallet.core.ids
import wallet.core.models

_ROLE = compose.Identifier(settings.APP_ROLE).as_string(None)


class Migration(migrations.Migration):
    dependencies = [("wallet", "0009_approvals")]

    operations = [
        migrations.AddIndex("line", django.contrib.postgres.indexes.BrinIndex(fields=["at"], name="wallet_line_at")),
        migrations.CreateModel(
            name="Mark",
            fields=[
                ("id", models.IntegerField(default=1, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
            ],
            options={
                "db_table": "wallet_monitoringmark",
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="monitoringmark_one")],
            },
        ),
        migrations.CreateModel(
            name="Case",
            fields=[
                ("id", wallet.core.ids.IdField(prefix="case", primary_key=True, serialize=False)),
                ("holder_id", models.TextField(db_index=True)),
                ("rule", models.TextField()),
                ("version", models.IntegerField()),
                ("window", models.TextField()),
                ("facts", models.JSONField(default=dict)),
                ("refs", models.JSONField(default=list)),
                ("status", models.TextField(default="open")),
                ("assigned_to", models.TextField(default="")),
                ("opened_at", models.DateTimeField(db_default=wallet.core.models.DatabaseNow())),
                ("closed_at", models.DateTimeField(null=True)),
                ("closed_by", models.TextField(default="")),
            ],
            options={
                "db_table": "wallet_case",
                "indexes": [
                    models.Index(condition=models.Q(("status", "open")), fields=["opened_at"], name="case_waiting")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["open", "closed", "escalated"])), name="case_status"
                    ),
                    models.UniqueConstraint(fields=("holder_id", "rule", "version", "window"), name="case_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at", None), ("closed_by", ""), ("status", "open")),
                            models.Q(
                                models.Q(("status", "open"), _negated=True),
                                ("closed_at__isnull", False),
                                models.Q(("closed_by", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="case_closed_by_somebody",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            f"REVOKE DELETE, TRUNCATE ON TABLE wallet_case FROM {_ROLE}", reverse_sql=migrations.RunSQL.noop
        ),
    ]
