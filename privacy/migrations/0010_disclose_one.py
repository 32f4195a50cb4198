"""A disclosure about one person, inside a function of another room."""

from django.db import migrations

from wallet.core.migrations import sql


class Migration(migrations.Migration):
    dependencies = [("privacy", "0009_dashboard")]

    operations = [sql("privacy/exposure/sql/disclose_one.sql")]
