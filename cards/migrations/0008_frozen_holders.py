"""Cards of a frozen holder pay nothing."""

from django.db import migrations

from wallet.core.migrations import sql


class Migration(migrations.Migration):
    dependencies = [("cards", "0007_card_life"), ("wallet", "0008_staff")]

    operations = [sql("cards/issuing/sql/frozen_holders.sql")]
