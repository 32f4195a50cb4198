"""Drop the placing that took six round trips."""

from django.db import migrations

from wallet.core.migrations import sql


class Migration(migrations.Migration):
    dependencies = [("cards", "0010_fewer_queries")]

    operations = [sql("cards/authorizations/sql/one_placing.sql")]
