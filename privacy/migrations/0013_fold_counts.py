"""Counts of days that are over, in one row a month."""

from django.db import migrations

from wallet.core.migrations import grant_execute, sql


class Migration(migrations.Migration):
    dependencies = [("privacy", "0012_tallies")]

    operations = [
        sql("privacy/exposure/sql/counts.sql"),
        grant_execute("exposure_fold_counts()"),
    ]
