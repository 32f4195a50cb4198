"""A snapshot with fewer queries, and one index less to write for an authorization."""

import django.contrib.postgres.indexes
from django.db import migrations, models

from wallet.core.migrations import sql


class Migration(migrations.Migration):
    dependencies = [("cards", "0009_short_path")]

    operations = [
        sql("cards/vault/sql/shown.sql"),
        sql("cards/authorizations/sql/fewer.sql"),
        migrations.RemoveIndex("networkmessage", "networkmessage_about"),
        migrations.AddIndex(
            "networkmessage",
            django.contrib.postgres.indexes.HashIndex(
                condition=models.Q(("kind", "capture")), fields=["authorization_id"], name="networkmessage_captures"
            ),
        ),
    ]
