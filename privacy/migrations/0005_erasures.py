"""Destroying keys again on a database that came from a backup: complete, and found by an index."""

from django.db import migrations, models

from wallet.core.migrations import grant_execute, sql


class Migration(migrations.Migration):
    dependencies = [("privacy", "0004_rotation")]

    operations = [
        migrations.AddIndex(
            model_name="datakey",
            index=models.Index(
                fields=["holder_id", "key_class"],
                name="privacy_datakey_destroyed",
                condition=models.Q(destroyed_at__isnull=False),
            ),
        ),
        sql("privacy/crypto/sql/erasures.sql"),
        grant_execute("keys_destroy(text, text)"),
    ]
